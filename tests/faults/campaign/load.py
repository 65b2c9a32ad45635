"""More load than a worker can take: it stays within its bounds, says how far behind it is, and catches up."""

import re
import threading
import time
import urllib.request
from contextlib import suppress
from itertools import pairwise
from statistics import median

from deploy.local.kafka.ports import pick_free
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.footprint import Footprint
from tests.faults.campaign.lag import Sample
from tests.faults.campaign.stage import Stage

TIMES = 10
LASTS_S = 300.0
# Of what the scorer takes with batches this small, so that a machine of any speed is overloaded and can catch up.
BATCH_ROWS = "5"
OVERLOAD = 1.4
MEASURED = 3
MOST_RATE = 1500.0
# What librdkafka reads ahead, and what a batch of it becomes.
MOST_MB = 48.0
MORE_THAN_BEFORE = 3
# Two processes are asked one after the other, and the sink gathers for a second.
NEAR_S = 4.0
NEAR = 0.35


def overload(stage: Stage) -> None:
    """Ten times the usual requests, more than one worker can take.

    Seen to fail with an age that is counted from the last delivery: no worker said that it was behind.
    """
    lasts_s = stage.size.seconds(LASTS_S)
    ports = dict(zip(("scorer", "sink"), pick_free(2, besides=()), strict=True))
    scorer = stage.world.scorer(HEADRACE_WORKER__BATCH_ROWS=BATCH_ROWS, HEADRACE_WORKER__HTTP_PORT=str(ports["scorer"]))
    workers = {"scorer": scorer, "sink": stage.world.sink(HEADRACE_WORKER__HTTP_PORT=str(ports["sink"]))}
    stage.until(lambda: all(worker.said("partitions-assigned") for worker in workers.values()), "both read", 120)
    rate = min(MOST_RATE, OVERLOAD * _capacity(stage, ports["scorer"]))
    stage.sending(rate=rate / TIMES, count=int(rate)).wait()
    stage.settle()
    footprint, pages = Footprint(workers), Pages(ports)
    heavy = stage.sending(rate=rate, count=int(rate * lasts_s))
    stage.struck()
    heavy.wait(3 * lasts_s + 60)
    stage.over()
    stage.settle(1200)
    told = pages.stop()
    for name, trends in footprint.stop().items():
        stage.note(name, {measure: one.told() for measure, one in trends.items()})
        grown = trends["rss_mb"].most - trends["rss_mb"].first
        stage.expect(grown <= MOST_MB, f"the {name}'s memory grew by {grown:.0f} MB")
        for measure in ("fds", "threads"):
            more = trends[measure].last - trends[measure].first
            stage.expect(more < MORE_THAN_BEFORE, f"the {name}'s {measure} grew: {trends[measure].told()}")
        stage.expect(workers[name].ends == [], f"the {name} ended")
    stage.note("requests_a_second", round(rate))
    _truthful(stage, told)
    stage.until(lambda: sum(map(behind, ports.values())) < 1, "both workers say that they are not behind", 30)


def _capacity(stage: Stage, port: int) -> float:
    """Requests a second that the scorer answers when they wait; the most of some times, for the machine may be busy."""
    return max(_answering(stage, port) for _ in range(1 if stage.size.brief else MEASURED))


def _answering(stage: Stage, port: int) -> float:
    count, before = 300 if stage.size.brief else 2000, answered(port)
    stage.sending(rate=100_000, count=count).wait()
    begun = time.monotonic()
    stage.until(lambda: answered(port) >= before + count, "the first requests are answered", 180)
    return count / (time.monotonic() - begun)


class Pages:
    """Asks every second how far behind the workers say that they are, all together."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports
        self._told: list[tuple[float, float]] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[float, float]]:
        """Moments, and seconds behind."""
        self._closing.set()
        self._thread.join()
        return self._told

    def _run(self) -> None:
        while not self._closing.wait(1.0):
            with suppress(OSError):
                seconds = sum(map(behind, self._ports.values()))
                self._told.append((time.monotonic(), seconds))


def _truthful(stage: Stage, told: list[tuple[float, float]]) -> None:
    """Compare what workers say with what the watch saw from outside, at every moment at which both looked."""
    samples = stage.lag.samples
    pairs = [(said, true) for at, said in told if (true := age(samples, at)) is not None]
    late = [(said, true) for said, true in pairs if true > NEAR_S]
    off = [abs(said - true) - NEAR * true for said, true in late]
    stage.note("behind_s", {"said": round(max(s for s, _ in pairs), 1), "true": round(max(t for _, t in pairs), 1)})
    stage.note("off_s", round(median(off), 2) if off else None)
    stage.expect(stage.size.brief or late, "the load was no overload: nothing ever waited")
    worst = max(late, key=lambda pair: abs(pair[0] - pair[1]), default=None)
    stage.expect(not off or median(off) <= NEAR_S, f"workers said another age than it was, {worst} s for instance")


def age(samples: list[Sample], at: float) -> float | None:
    """Seconds since that request was accepted which ClickHouse had last at that moment; None before the first."""
    had = max((sample.received for sample in samples if sample.at <= at), default=None)
    if had is None:
        return None
    for before, after in pairwise(samples):
        if before.accepted <= had < after.accepted and after.at <= at:
            return at - before.at
    return 0.0


def behind(port: int) -> float:
    """Seconds that a worker says to be behind."""
    found = re.search(r"^headrace_behind_seconds (\S+)$", _page(port), re.MULTILINE)
    assert found, "the page does not say how far behind the worker is"
    return float(found[1])


def answered(port: int) -> float:
    """Requests that a scorer says to have answered."""
    return sum(map(float, re.findall(r'^headrace_answers_total\{status="\w+"\} (\S+)$', _page(port), re.MULTILINE)))


def _page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        text: str = reply.read().decode()
        return text


FAULTS = (
    Fault(
        rows=(34,),
        name="overload",
        title="Ten times the usual load for five minutes, more than the worker can take: it stays within its bounds, "
        "says how far behind it is, and catches up.",
        strike=overload,
        about_s=900,
        recover_s=900.0,
    ),
)
