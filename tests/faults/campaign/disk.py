"""No space left: for the broker, for ClickHouse, for a scorer's cache of bundles."""

from collections.abc import Callable
from pathlib import Path

from headrace.errors import HeadraceError
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.reading import reading
from tests.faults.campaign.smalldisk import fill, free, is_full, mountable, small
from tests.faults.campaign.stage import Stage

FULL_WORDS = "No space left"


def broker(stage: Stage) -> None:
    """The disk of the broker's records is full: it ends, says why, and goes on once there is space."""
    seconds, disk = stage.size.seconds(60), stage.folder / "kafka"
    workers = reading(stage, stage.world.scorer(), stage.world.sink())
    stage.sending(rate=stage.outlasting(seconds + 60))
    stage.await_more()
    _fill_until(stage, disk, lambda: stage.kafka.pid is None, "the broker ends")
    stage.struck()
    said = _start(stage)
    stage.note("broker_said", said)
    stage.expect(FULL_WORDS in said, f"starting it says that the disk is full: {said!r}")
    stage.wait(seconds)
    free(disk)
    stage.kafka.start()
    stage.over()
    stage.await_more()
    stage.expect({end for worker in workers for end in worker.ends} <= {2, 70}, "workers end only to begin anew")


def _start(stage: Stage) -> str:
    try:
        stage.kafka.start()
    except HeadraceError as error:
        return str(error)
    return ""


def clickhouse(stage: Stage) -> None:
    """The disk of ClickHouse is full: the sink is told, waits, and goes on once there is space."""
    seconds, disk = stage.size.seconds(60), stage.folder / "clickhouse"
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(HEADRACE_WORKER__SINK_SECONDS="0.5"))
    stage.sending(rate=stage.outlasting(seconds + 60))
    stage.await_more()
    _fill_until(stage, disk, lambda: sink.said(FULL_WORDS), "the sink is told that the disk is full")
    stage.struck()
    stage.wait(seconds)
    free(disk)
    stage.over()
    stage.await_more()
    stage.expect(sink.said(FULL_WORDS) < 2 * seconds + 30, "the sink does not ask in a busy loop")
    stage.expect(sink.ends == [], "the sink lives on")
    stage.note("engine_restarts", stage.engine.log.read_text(errors="replace").count("ready ") - 1)


def cache(stage: Stage) -> None:
    """The disk of the cache is full when a release comes: the old model serves on; with space the new one is loaded."""
    disk = stage.folder / "cache"
    scorer, _ = reading(stage, stage.world.scorer(HEADRACE_CACHE_DIR=str(disk)), stage.world.sink())
    stage.sending(rate=stage.outlasting(60))
    stage.await_more()
    stage.world.add_version("v2")
    fill(disk)
    stage.world.release("v2")
    stage.world.await_event("release-not-loaded", sequence=1)
    stage.struck()
    (told, *_) = stage.world.events("release-not-loaded")
    stage.expect(FULL_WORDS in told["detail"], f"it is told why: {told['detail']!r}")
    stage.await_more()
    versions = stage.world.query(f"SELECT DISTINCT version FROM {stage.world.model}_predictions")
    stage.expect(versions == [("v1",)], "the old model serves on")
    free(disk)
    stage.over()
    stage.world.await_event("release-loaded", sequence=1)
    stage.expect(scorer.ends == [], "the scorer lives on")


def _fill_until(stage: Stage, disk: Path, happened: Callable[[], object], what: str) -> None:
    def filled() -> object:
        fill(disk)
        return happened()

    stage.until(filled, what, 120)
    stage.expect(is_full(disk), "the disk is full")


FAULTS = (
    Fault(
        rows=(32,),
        name="disk-full-broker",
        title="The broker's disk (a mounted tmpfs) is full; it ends and is started again once there is space.",
        strike=broker,
        servers=small("kafka", 160),
        needs=mountable,
        about_s=220,
    ),
    Fault(
        rows=(32,),
        name="disk-full-clickhouse",
        title="ClickHouse's disk (a mounted tmpfs) is full for a minute; the sink waits.",
        strike=clickhouse,
        servers=small("clickhouse", 160),
        needs=mountable,
        about_s=220,
    ),
    Fault(
        rows=(32,),
        name="disk-full-cache",
        title="The disk of a scorer's cache (a mounted tmpfs) is full when a release comes; the old model serves on.",
        strike=cache,
        servers=small("cache", 1),
        needs=mountable,
    ),
)
