"""Long and even load: what a worker takes must not grow."""

from collections.abc import Mapping

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.footprint import Footprint, Trend
from tests.faults.campaign.stage import Stage

RATE = 300.0
LASTS_S = 600.0
# Until then allocators, caches and librdkafka's queues find their size.
WARM_UP_S = 90.0
# Of what a process takes; so much growth over the whole soak is noise of an allocator that has not found its size.
LEAST_GROWTH = 0.01
MORE_THAN_BEFORE = 3


def soak(stage: Stage) -> None:
    """Requests at an even rate, in both formats. Seen to fail with a list that keeps every batch: memory grows."""
    lasts_s = stage.size.seconds(LASTS_S)
    workers = {"scorer": stage.world.scorer(), "sink": stage.world.sink()}
    stage.sending(rate=RATE)
    stage.await_more(100)
    stage.wait(stage.size.seconds(WARM_UP_S))
    footprint = Footprint(workers)
    stage.wait(lasts_s)
    trends = footprint.stop()
    stage.struck()
    stage.note("lasted_s", lasts_s)
    for name, trend in trends.items():
        stage.note(name, {measure: one.told() for measure, one in trend.items()})
        _flat(stage, name, trend, lasts_s)
        stage.expect(workers[name].ends == [], f"the {name} ended")


def _flat(stage: Stage, name: str, trend: Mapping[str, Trend], lasts_s: float) -> None:
    """Memory grows when its slope is surely above nothing and would matter; descriptors and threads are counted."""
    memory = trend["rss_mb"]
    surely_mb = memory.low * lasts_s / 3600
    # A few seconds are all warm-up: a brief run shows only that nothing runs away.
    least = 0.1 if stage.size.brief else LEAST_GROWTH
    stage.expect(surely_mb <= least * memory.first, f"the {name}'s memory grew: {memory.told()}")
    for measure in ("fds", "threads"):
        grown = trend[measure].last - trend[measure].first
        stage.expect(grown < MORE_THAN_BEFORE, f"the {name}'s {measure} grew: {trend[measure].told()}")


FAULTS = (
    Fault(
        rows=(35,),
        name="soak",
        title="Even load for ten minutes: memory, file descriptors and threads of the workers stay as they are.",
        strike=soak,
        about_s=800,
    ),
)
