"""What was measured, as an object for programs and as a table for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.table import Table

from deploy.bench.measuring import Run

ORDER = ("limit", "headrace", "careful", "stock_faust")
MEANING = {
    "limit": "as many bytes in transactions, nothing decoded or scored",
    "headrace": "the scorer whole: answers, log blocks and offsets in transactions",
    "careful": "written by hand: the same in transactions and batches, fastavro",
    "stock_faust": "a Faust agent on its own Kafka client, at least once, no log",
}
AGAINST = ("limit", "careful", "stock_faust")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All runs of each contender, in their order."""

    runs: Mapping[str, Sequence[Run]]
    bytes_a_record: Mapping[str, float]

    def rate(self, name: str) -> float:
        """Records a second, median of the rounds."""
        return median(run.rate for run in self.runs[name])

    def us_cpu(self, name: str) -> float:
        """CPU microseconds a record, median of the rounds."""
        return median(run.us_cpu for run in self.runs[name])

    def ratio(self, name: str) -> float:
        """How many times as fast as this one Headrace was; the median of the ratios within one round.

        What else the machine does changes from round to round, so neighbours in time are compared.
        """
        pairs = zip(self.runs["headrace"], self.runs[name], strict=True)
        return median(ours.rate / theirs.rate for ours, theirs in pairs)

    def facts(self) -> dict[str, Any]:
        """The object that --json prints, without what the machine says of itself."""
        rates = {name: [round(run.rate) for run in self.runs[name]] for name in ORDER}
        return {
            **{name: round(self.rate(name)) for name in ORDER},
            "us_cpu_per_record": {name: round(self.us_cpu(name), 2) for name in ORDER},
            "ratios": {f"headrace/{name}": round(self.ratio(name), 3) for name in AGAINST},
            "rounds": rates,
            "min": {name: min(found) for name, found in rates.items()},
            "max": {name: max(found) for name, found in rates.items()},
            "bytes_per_record": dict(self.bytes_a_record),
        }


def table(result: Result) -> Table:
    """One row a contender."""
    shown = Table(title="records a second", caption="how many times as fast: median of the ratios within a round")
    for heading in ("", "median", "min", "max", "µs CPU each", "headrace is"):
        shown.add_column(heading, justify="right" if heading else "left")
    for name in ORDER:
        rates = [run.rate for run in result.runs[name]]
        numbers = (f"{value:,.0f}" for value in (result.rate(name), min(rates), max(rates)))
        times = f"{result.ratio(name):.2f} x" if name in AGAINST else ""
        shown.add_row(name, *numbers, f"{result.us_cpu(name):,.1f}", times)
    return shown


def legend() -> str:
    """What each contender does, in a line."""
    return "\n".join(f"{name:12} {meaning}" for name, meaning in MEANING.items())
