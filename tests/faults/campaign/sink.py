"""The sink killed at each step of a range, and taken for dead."""

import signal

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.reading import reading
from tests.faults.campaign.stage import Stage

QUICK = {"HEADRACE_WORKER__SINK_SECONDS": "0.5"}
KILLED_AT = ("after_intent", "after_insert", "after_done", "after_commit")
PATIENCE_S = 120.0
FROZEN_AT = ("before_intent", "after_intent", "after_insert", "after_done")


def sink_killed(stage: Stage) -> None:
    """Life after life of the sink ends at a step of a range: written down, inserted, marked done, committed.

    Seen to fail with a random insert token (rows twice after the kill behind the insert), with the range that was
    written down not repeated (the same: a new range is cut differently), and reading on from Kafka's committed offsets
    (rows twice after the kill behind `blocks`).
    """
    times = 1 if stage.size.brief else stage.size.times
    failpoints = [f"{step}=kill@2" for step in KILLED_AT] * times
    _, sink = reading(stage, stage.world.scorer(), stage.world.sink(failpoints, **QUICK))
    stage.sending(rate=stage.outlasting(10 * len(failpoints)))
    for number in range(1, len(failpoints) + 1):
        stage.until(lambda number=number: len(sink.ends) >= number, f"death {number} of the sink", PATIENCE_S)
        stage.struck()
    stage.expect(sink.ends == [-signal.SIGKILL] * len(failpoints), "the sink ends only as it is killed")
    stage.await_more(rows=1)
    stage.expect(sink.said("intent-repeated") >= 2 * times, "a range that was written down is repeated")


def sink_zombie(stage: Stage) -> None:
    """Two sinks; one is frozen at a step until the other has written on where it was, then it goes on.

    Seen to fail with intents that nobody refuses to a sink whose partitions are another's: rows twice.
    """
    steps = FROZEN_AT[:2] if stage.size.brief else FROZEN_AT
    failpoints = ",".join(f"{step}=stop@{3 + 8 * n}" for n, step in enumerate(steps))
    _, zombie = reading(stage, stage.world.scorer(), stage.world.sink([failpoints], name="sink-a", **QUICK))
    (other,) = reading(stage, stage.world.sink(name="sink-b", **QUICK))
    stage.sending(rate=stage.outlasting(20 * len(steps)))
    for _ in steps:
        stage.until(zombie.frozen, "a sink frozen in the middle of a range", PATIENCE_S)
        before, joined = _places(stage), zombie.said("partitions-assigned")
        stage.until(lambda before=before: _beyond(stage, before), "the other sink writes all partitions on")
        zombie.signal(signal.SIGCONT)
        stage.struck()
        stage.until(lambda joined=joined: zombie.said("partitions-assigned") > joined, "the thawed sink reads again")
    stage.expect(zombie.ends == other.ends == [], "both sinks live on")


def _places(stage: Stage) -> dict[int, int]:
    """The last log block in ClickHouse of each partition."""
    topic = f"{stage.world.model}.logs"
    query = f"SELECT partition, max(offset) FROM blocks WHERE topic = '{topic}' GROUP BY partition"
    return {int(partition): int(offset) for partition, offset in stage.world.query(query)}


def _beyond(stage: Stage, before: dict[int, int]) -> bool:
    now = _places(stage)
    return len(now) > 1 and all(now[partition] > before.get(partition, -1) + 2 for partition in now)


FAULTS = (
    Fault(
        rows=(16,),
        name="sink-killed",
        title="The sink is killed with signal 9 before and after an insert, after it is marked done, after the commit.",
        strike=sink_killed,
        about_s=800,
    ),
    Fault(
        rows=(17,),
        name="sink-zombie",
        title="A sink is frozen past its session at each step of a range, another goes on, then it wakes up.",
        strike=sink_zombie,
        # Two of the log, that each sink has one.
        world={"partitions": 12},
        about_s=120,
    ),
)
