"""What was aimed at, and whether the figures reach it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.bench.roster import PEERS

Facts = Mapping[str, Any]
Found = Callable[[Facts], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A figure of one run that should be at least or at most so much."""

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


def ratio(name: str) -> Found:
    """Of two contenders, by name."""
    return lambda facts: float(facts["ratios"][name])


def median(contender: str, figure: str) -> Found:
    """One figure of one contender beside the chief one; with the chief one's name, that."""

    def found(facts: Facts) -> float:
        one = facts["contenders"][contender]
        return float((one if figure == facts.get("figure") else one[figure])["median"])

    return found


def _of_rivals(run: str) -> Iterator[Aim]:
    yield Aim(run=run, what="of the limit", figure=ratio("headrace/limit"), least=0.75)
    yield Aim(run=run, what="times the careful loop", figure=ratio("headrace/careful"), least=3.5)
    yield Aim(run=run, what="times stock Faust", figure=ratio("headrace/stock_faust"), least=110)


def _of_peers() -> Iterator[Aim]:
    for peer in PEERS:
        yield Aim(run="throughput-peers", what=f"times {peer.name}", figure=ratio(f"headrace/{peer.name}"), least=2)


def _of_latency() -> Iterator[Aim]:
    for delivery in ("exactly-once", "at-least-once"):
        name = f"headrace {delivery} 1000/echo {delivery} 1000"
        yield Aim(run="latency", what=f"times the echo's p99 at 1,000/s, {delivery}", figure=ratio(name), most=1.5)


def _of_swap() -> Iterator[Aim]:
    for kind in ("linear", "linear-fresh", "forest", "forest-fresh"):
        during = f"{kind} during"
        yield Aim(
            run="swap", what=f"times the p99 of before, {kind}", figure=ratio(f"{during}/{kind} before"), most=1.2
        )
        yield Aim(run="swap", what=f"seconds until all answer, {kind}", figure=median(during, "seconds"), most=1.0)
        yield Aim(run="swap", what=f"wrong answers, {kind}", figure=median(during, "wrong"), most=0)


def _of_sink() -> Iterator[Aim]:
    yield Aim(run="sink", what="of inserting directly", figure=ratio("sink/direct"), least=0.8)
    yield Aim(
        run="sink",
        what="seconds from an answer to its row, p99",
        figure=lambda facts: median("sink", "p99_s")(facts["freshness"]),
        most=3.0,
    )


def _of_the_rest() -> Iterator[Aim]:
    for workers in (2, 3):
        yield Aim(
            run="scale", what=f"times the cost, {workers} workers", figure=ratio(f"workers {workers}/base"), most=1.2
        )
    yield Aim(
        run="scale",
        what="off a line through the features",
        figure=lambda facts: float(facts["fits"]["features"]["residual"]),
        most=0.2,
    )
    yield Aim(
        run="memory", what="megabytes of a scorer with a small model", figure=median("scorer", "rss_mb"), most=250
    )


AIMS = (
    *_of_rivals("throughput"),
    *_of_peers(),
    *_of_latency(),
    *_of_swap(),
    *_of_sink(),
    *_of_the_rest(),
)


def judged(runs: Mapping[str, Facts]) -> list[Judged]:
    """Every aim whose figure was measured."""
    found: list[Judged] = []
    for aim in AIMS:
        try:
            found.append(Judged(aim=aim, found=aim.figure(runs[aim.run])))
        except KeyError:
            # Not part of this run: a peer that could not be installed, or a point that was not asked for.
            continue
    return found
