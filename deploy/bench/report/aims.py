"""What was aimed at, and whether the figures reach it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.bench.measured import CPU
from deploy.bench.roster import HEADRACE, PEERS

Runs = Mapping[str, Mapping[str, Any]]
Found = Callable[[Runs], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A figure that should be at least or at most so much; run is the chapter that it is about."""

    run: str
    what: str
    figure: Found
    least: float | None = None
    most: float | None = None

    @property
    def wanted(self) -> str:
        """As a person writes it."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"

    def met(self, found: float) -> bool:
        """Whether this is enough."""
        return found >= self.least if self.least is not None else found <= (self.most or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An aim and what was found."""

    aim: Aim
    found: float

    @property
    def met(self) -> bool:
        """Whether the aim is reached."""
        return self.aim.met(self.found)


def judged(runs: Runs) -> list[Judged]:
    """Every aim whose figure was measured."""
    found: list[Judged] = []
    for aim in AIMS:
        try:
            found.append(Judged(aim=aim, found=aim.figure(runs)))
        except KeyError:
            # Not part of this run: a peer that could not be installed, or a point that was not asked for.
            continue
    return found


def ratio(run: str, name: str) -> Found:
    """Of two contenders of one run, by name."""
    return lambda runs: float(runs[run]["ratios"][name])


def median(run: str, contender: str, figure: str) -> Found:
    """One figure of one contender."""
    return lambda runs: _median(runs[run], contender, figure)


def across(one: str, other: str, contender: str, figure: str) -> Found:
    """The same figure of the same contender in two runs; to be CPU time, since the clock saw two machines."""
    return lambda runs: _median(runs[one], contender, figure) / _median(runs[other], contender, figure)


def _median(facts: Mapping[str, Any], contender: str, figure: str) -> float:
    one = facts["contenders"][contender]
    return float((one if figure == facts["figure"] else one[figure])["median"])


def _of_throughput() -> Iterator[Aim]:
    run, json = "throughput", "throughput-json"
    yield Aim(run=run, what="of the limit", figure=ratio(run, "headrace/limit"), least=0.75)
    yield Aim(run=run, what="times the careful loop", figure=ratio(run, "headrace/careful"), least=3.5)
    yield Aim(run=run, what="times stock Faust", figure=ratio(run, "headrace/stock_faust"), least=110)
    yield Aim(run=json, what="of Avro's speed, by CPU time", figure=across(run, json, HEADRACE, CPU), least=0.4)
    run = "throughput-peers"
    for peer in PEERS:
        yield Aim(run=run, what=f"times {peer.name}", figure=ratio(run, f"headrace/{peer.name}"), least=2)


def _of_latency() -> Iterator[Aim]:
    for delivery in ("exactly-once", "at-least-once"):
        found = ratio("latency", f"headrace {delivery} 1000/echo {delivery} 1000")
        yield Aim(run="latency", what=f"times the echo's p99 at 1,000/s, {delivery}", figure=found, most=1.5)


def _of_swap() -> Iterator[Aim]:
    for kind in ("linear", "linear-fresh", "forest", "forest-fresh"):
        during = f"{kind} during"
        found = ratio("swap", f"{during}/{kind} before")
        yield Aim(run="swap", what=f"times the p99 of before, {kind}", figure=found, most=1.2)
        found = median("swap", during, "seconds")
        yield Aim(run="swap", what=f"seconds until all answer with it, {kind}", figure=found, most=1.0)
        yield Aim(run="swap", what=f"wrong answers, {kind}", figure=median("swap", during, "wrong"), most=0)


def _of_sink() -> Iterator[Aim]:
    yield Aim(run="sink", what="of inserting directly", figure=ratio("sink", "sink/direct"), least=0.8)
    yield Aim(run="sink", what="seconds from an answer to its row, p99", figure=_freshness, most=3.0)


def _freshness(runs: Runs) -> float:
    return _median(runs["sink"]["freshness"], "sink", "p99_s")


def _of_batch() -> Iterator[Aim]:
    run = "batch"
    for kind in ("linear", "boosting"):
        found = ratio(run, f"{kind}, 1/{kind}, alone")
        yield Aim(run=run, what=f"of the model alone, {kind}, one worker", figure=found, least=0.9)
        found = ratio(run, f"{kind}, 2/{kind}, 1")
        yield Aim(run=run, what=f"times one worker, {kind}, two workers", figure=found, least=1.7)
    yield Aim(run=run, what="share not spent on parts, 10,000,000 rows", figure=_overhead, most=0.02)
    yield Aim(run=run, what="MB of a worker, whatever the input's size", figure=_peak, most=400)


def _overhead(runs: Runs) -> float:
    return _median(runs["batch"]["growing"], "10,000,000 rows", "overhead")


def _peak(runs: Runs) -> float:
    growing = runs["batch"]["growing"]
    return max(_median(growing, size, "peak_mb") for size in growing["contenders"])


def _of_the_rest() -> Iterator[Aim]:
    for workers in (2, 3):
        found = ratio("scale", f"workers {workers}/base")
        yield Aim(run="scale", what=f"times the cost of one worker, {workers} workers", figure=found, most=1.2)
    yield Aim(run="scale", what="off a line through the features", figure=_bend, most=0.2)
    found = median("memory", "scorer", "rss_mb")
    yield Aim(run="memory", what="MB of a scorer with a small model", figure=found, most=250)


def _bend(runs: Runs) -> float:
    return float(runs["scale"]["fits"]["features"]["residual"])


AIMS = (*_of_throughput(), *_of_latency(), *_of_swap(), *_of_sink(), *_of_batch(), *_of_the_rest())
