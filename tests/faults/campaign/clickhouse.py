"""ClickHouse away, slow, full of parts, killed, silent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path

from deploy.local.part import launch_clickhouse
from tests.faults.campaign import at_worst
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.offsets import committed
from tests.faults.campaign.reading import reading
from tests.faults.campaign.stage import Stage
from tests.faults.proxy import Proxy

QUICK = {"HEADRACE_WORKER__SINK_SECONDS": "0.5"}
PATIENCE_S = 120.0


def away(stage: Stage) -> None:
    """The engine is stopped, and started again much later."""
    seconds = stage.size.seconds(300)
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(**QUICK))
    stage.sending(rate=stage.outlasting(seconds + 20))
    stage.await_more()
    with _stopped(stage):
        stage.until(lambda: sink.said("clickhouse-away"), "the sink notices")
        before = _committed(stage)
        stage.wait(seconds)
        stage.expect(_committed(stage) == before, "the sink commits nothing while ClickHouse is away")
        stage.expect(sink.said("does not answer") < seconds + 30, "the sink does not ask in a busy loop")
    stage.await_more()
    stage.settle()
    stage.note("longest_scoring_gap_s", round(gap := _longest_scoring_gap(stage), 2))
    stage.expect(gap < 10, "scoring goes on all the while")
    stage.expect(sink.ends == [], "the sink lives on")


def reply_lost(stage: Stage) -> None:
    """The connection is cut between the execution of an insert and the reply to it, for each kind of insert."""
    proxy = Proxy(stage.servers.clickhouse)
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(**QUICK, **_through(proxy)))
    stage.sending(rate=stage.outlasting(4 * stage.size.times))
    stage.await_more(rows=1)
    for table in islice(cycle((f"{stage.world.model}_predictions", "blocks")), stage.size.times):
        cuts = proxy.cuts
        proxy.lose_answer_to(f"INSERT INTO {table}")
        stage.until(lambda cuts=cuts: proxy.cuts > cuts, f"a cut insert into {table}", PATIENCE_S)
        stage.struck()
    stage.settle()
    repeated = sink.said("intent-repeated")
    stage.expect(repeated >= stage.size.times // 2, "what was cut before it was marked done is repeated")
    stage.expect(sink.ends == [], "the sink lives on")


def slow(stage: Stage) -> None:
    """Every insert takes 20 seconds; it goes on, and what has gathered is written once that ends."""
    insert_s, lasts_s = stage.size.seconds(20), stage.size.seconds(300)
    proxy = Proxy(stage.servers.clickhouse)
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(**QUICK, **_through(proxy)))
    stage.sending(rate=stage.outlasting(lasts_s + 20))
    stage.await_more()
    # An insert is four messages one after the other: the query, the table's columns, the rows, that it is done.
    proxy.delay(insert_s / 4)
    stage.struck()
    stage.wait(lasts_s / 2)
    stage.await_more(rows=1, seconds=10 * insert_s + PATIENCE_S)
    stage.wait(lasts_s / 2)
    proxy.delay(0.0)
    stage.over()
    stage.await_more()
    stage.expect(sink.ends == [], "the sink lives on")


def too_many_parts(stage: Stage) -> None:
    """Merging stands still and the table takes no further part until it is told to take more."""
    seconds = stage.size.seconds(60)
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(**QUICK))
    stage.sending(rate=stage.outlasting(2 * seconds + 30))
    stage.await_more()
    for table in (f"{stage.world.model}_predictions", "blocks"):
        refused = sink.said("Too many parts")
        _allow_parts(stage, table, 2)
        stage.until(
            lambda refused=refused: sink.said("Too many parts") > refused, f"a part that {table} refuses", PATIENCE_S
        )
        stage.struck()
        stage.wait(seconds)
        # Not by merging: the engine would replace rows of equal identity, and a duplicate must stay to be seen.
        _allow_parts(stage, table, 100_000)
        stage.over()
        stage.await_more()
    stage.expect(sink.said("Too many parts") < 2 * seconds + 30, "the sink does not ask in a busy loop")
    stage.expect(sink.ends == [], "the sink lives on")


def killed_in_insert(stage: Stage) -> None:
    """The engine is killed between noting an insert's token and putting its rows in their place, as often as a process
    that watches from outside can hit that; the supervisor starts it again.
    """
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(**QUICK))
    stage.sending(rate=stage.outlasting(10 * stage.size.times))
    for table in islice(cycle((f"{stage.world.model}_predictions", "blocks")), stage.size.times):
        stage.await_more(rows=50)
        with _killer(stage, table) as killer:
            stage.until(
                lambda killer=killer: killer.poll() is not None, f"the engine killed as it inserts into {table}"
            )
        stage.struck()
        _back(stage)
    stage.await_more()
    stage.note("killed_between_token_and_rows", sink.said("token-without-rows"))
    stage.expect(sink.ends == [], "the sink lives on")


@contextmanager
def _stopped(stage: Stage) -> Iterator[None]:
    """The engine is not there; afterwards it is, whatever happened, for the checker asks it."""
    stage.engine.stop()
    stage.struck()
    try:
        yield
    finally:
        launch_clickhouse(stage.engine, stage.folder / "clickhouse")
        _back(stage)


@contextmanager
def _killer(stage: Stage, table: str) -> Iterator["subprocess.Popen[str]"]:
    ((paths,),) = stage.world.query(f"SELECT data_paths FROM system.tables WHERE name = '{table}'")
    notes = (Path(paths[0]) / "deduplication_logs").glob("*_*.txt")
    newest = max(notes, key=lambda note: int(note.stem.rpartition("_")[2]))
    argv = [sys.executable, "-S", str(at_worst.__file__), str(newest), str(stage.engine.pid)]
    killer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert killer.stdout and killer.stdout.readline() == "watching\n"
        yield killer
    finally:
        killer.kill()
        killer.communicate()


def _through(proxy: Proxy) -> dict[str, str]:
    return {"HEADRACE_CLICKHOUSE__PORT": str(proxy.port)}


def _back(stage: Stage) -> None:
    """Wait until the engine answers again; merges are stopped anew, as it forgets that."""
    stage.until(lambda: _answers(stage), "the engine answers again")
    stage.world.stop_merges()
    stage.over()


def _answers(stage: Stage) -> bool:
    try:
        return bool(stage.world.query("SELECT 1"))
    except Exception:
        return False


def _allow_parts(stage: Stage, table: str, most: int) -> None:
    changed = f"parts_to_throw_insert = {most}, parts_to_delay_insert = {most}"
    stage.world.query(f"ALTER TABLE {table} MODIFY SETTING {changed}")


def _committed(stage: Stage) -> dict[int, int]:
    return committed(stage.servers.bootstrap, "headrace.sink", f"{stage.world.model}.logs")


def _longest_scoring_gap(stage: Stage) -> float:
    """Seconds between two batches of the scorer at most."""
    found = stage.world.query(f"SELECT DISTINCT scored_at FROM {stage.world.model}_predictions ORDER BY scored_at")
    return max((later - earlier).total_seconds() for (earlier,), (later,) in pairwise(found))


FAULTS = (
    Fault(
        rows=(13,),
        name="clickhouse-away",
        title="ClickHouse is away for 5 minutes: the sink waits and commits nothing, scoring goes on.",
        strike=away,
        about_s=380,
    ),
    Fault(
        rows=(14,),
        name="clickhouse-reply-lost",
        title="ClickHouse has executed an insert and its reply is lost.",
        strike=reply_lost,
        about_s=120,
    ),
    Fault(
        rows=(15,),
        name="clickhouse-slow",
        title="Every insert into ClickHouse takes 20 seconds, by delaying what goes through a proxy.",
        strike=slow,
        about_s=400,
    ),
    Fault(
        rows=(15,),
        name="clickhouse-too-many-parts",
        title="ClickHouse refuses inserts because a table has too many parts.",
        strike=too_many_parts,
        about_s=200,
    ),
    Fault(
        rows=(18,),
        name="clickhouse-killed-in-insert",
        title="ClickHouse is killed with signal 9 in the middle of an insert and started again.",
        strike=killed_in_insert,
        about_s=300,
    ),
)
