"""What every bench hands back: the figures of each contender, round after round, as an object and as a table."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.table import Table

# CPU seconds for a million records, which is CPU microseconds for one; of all benches the same name.
CPU = "cpu_s_per_million"


class Measured:
    """Rounds of some contenders. `figure` names the chief one, in which they are compared; others stand beside it.

    In JSON a contender is {rounds, median, min, max} of the chief figure, and the same four under each other's name.
    """

    def __init__(self, bench: str, what: str, figure: str) -> None:
        self.bench, self.what, self.figure = bench, what, figure
        self._rounds: dict[str, dict[str, list[float]]] = {}
        self._compared: list[tuple[str, str]] = []

    @property
    def contenders(self) -> tuple[str, ...]:
        """Their names, in the order in which they were first measured."""
        return tuple(self._rounds)

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of all figures, the chief one first."""
        found = {name for rounds in self._rounds.values() for name in rounds} - {self.figure}
        order = [name for rounds in self._rounds.values() for name in rounds]
        return (self.figure, *sorted(found, key=order.index))

    def add(self, contender: str, **figures: float) -> None:
        """Note one round of a contender; the chief figure is among them."""
        assert self.figure in figures, f"a round of {self.bench} needs {self.figure}"
        rounds = self._rounds.setdefault(contender, {})
        for name, value in figures.items():
            rounds.setdefault(name, []).append(value)

    def compare(self, ours: str, theirs: str) -> None:
        """Ask for the ratio of two contenders."""
        self._compared.append((ours, theirs))

    def rounds(self, contender: str, figure: str | None = None) -> list[float]:
        """One figure of one contender, round after round."""
        return self._rounds[contender].get(figure or self.figure, [])

    def median(self, contender: str, figure: str | None = None) -> float:
        """Its median."""
        return median(self.rounds(contender, figure))

    def ratio(self, ours: str, theirs: str, figure: str | None = None) -> float:
        """How many times theirs ours is; the median of the ratios within one round.

        What else the machine does changes from round to round, so neighbours in time are compared.
        """
        pairs = zip(self.rounds(ours, figure), self.rounds(theirs, figure), strict=True)
        return median(a / b for a, b in pairs)

    @property
    def ratios(self) -> dict[str, float]:
        """All that were asked for, as ours/theirs."""
        return {f"{ours}/{theirs}": round(self.ratio(ours, theirs), 3) for ours, theirs in self._compared}

    def facts(self) -> dict[str, Any]:
        """The object that --json prints, without what the machine says of itself."""
        contenders = {
            name: spread(rounds[self.figure]) | {n: spread(v) for n, v in rounds.items() if n != self.figure}
            for name, rounds in self._rounds.items()
        }
        named = {"bench": self.bench, "what": self.what, "figure": self.figure}
        return {**named, "contenders": contenders, "ratios": self.ratios}

    def table(self, caption: str = "ratios: median of those within a round") -> Table:
        """One row a contender: the chief figure with its spread, the medians of the others, and ratios."""
        shown = Table(title=f"{self.bench}: {self.what}", caption=caption)
        headings = ("", self.figure, "min", "max", *self.figures[1:], *(["ratio"] if self._compared else []))
        for heading in headings:
            shown.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for name in self.contenders:
            shown.add_row(name, *self._cells(name))
        return shown

    def _cells(self, name: str) -> list[str]:
        chief = self.rounds(name)
        others = [self.rounds(name, figure) for figure in self.figures[1:]]
        numbers = [spelt(value) for value in (median(chief), min(chief), max(chief))]
        numbers += [spelt(median(values)) if values else "" for values in others]
        pairs = [(a, b) for a, b in self._compared if a == name]
        times = [f"{self.ratio(a, b):.2f} x" + (f" {b}" if len(pairs) > 1 else "") for a, b in pairs]
        return numbers + (["\n".join(times)] if self._compared else [])


def spread(rounds: Sequence[float]) -> dict[str, Any]:
    """All rounds with their median, least and most."""
    short = [_short(value) for value in rounds]
    return {"rounds": short, "median": _short(median(rounds)), "min": min(short), "max": max(short)}


def spelt(value: float) -> str:
    """A number for a person: about three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _short(value: float) -> float:
    return float(f"{value:.6g}")
