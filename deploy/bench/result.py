"""What was measured, as an object for programs and as a table for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.table import Table

from deploy.bench.measured import CPU, spread
from deploy.bench.measuring import Run
from deploy.bench.roster import HEADRACE, OURS, PEERS

MEANING = {entry.name: entry.meaning for entry in (*OURS, *PEERS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All runs of each contender, in their order; why others have none; versions of what the peers run on."""

    runs: Mapping[str, Sequence[Run]]
    bytes_a_record: Mapping[str, float]
    absent: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Who ran."""
        return tuple(self.runs)

    @property
    def against(self) -> tuple[str, ...]:
        """Who is compared with Headrace."""
        return tuple(name for name in self.runs if name != HEADRACE)

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
        pairs = zip(self.runs[HEADRACE], self.runs[name], strict=True)
        return median(ours.rate / theirs.rate for ours, theirs in pairs)

    def _cpu(self, name: str) -> list[float]:
        return [run.us_cpu for run in self.runs[name]]

    def facts(self) -> dict[str, Any]:
        """The object that --json prints, without what the machine says of itself."""
        rates = {name: [round(run.rate) for run in runs] for name, runs in self.runs.items()}
        return {
            "bench": "throughput",
            "what": "records a second",
            "figure": "records_per_s",
            "contenders": {name: spread(found) | {CPU: spread(self._cpu(name))} for name, found in rates.items()},
            "absent": dict(self.absent),
            "peer_versions": dict(self.versions),
            "legend": legend(self),
            **{name: round(self.rate(name)) for name in self.names},
            "us_cpu_per_record": {name: round(self.us_cpu(name), 2) for name in self.names},
            "ratios": {f"{HEADRACE}/{name}": round(self.ratio(name), 3) for name in self.against},
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
    for name in result.names:
        rates = [run.rate for run in result.runs[name]]
        numbers = (f"{value:,.0f}" for value in (result.rate(name), min(rates), max(rates)))
        times = f"{result.ratio(name):.2f} x" if name in result.against else ""
        shown.add_row(name, *numbers, f"{result.us_cpu(name):,.1f}", times)
    return shown


def legend(result: Result) -> str:
    """What each contender does, in a line; why some did not; which versions."""
    lines = [f"{name:17} {MEANING[name]}" for name in result.names]
    lines += [f"{name:17} takes no part: {reason}" for name, reason in result.absent.items()]
    if result.versions:
        lines.append("peers run on " + ", ".join(f"{name} {version}" for name, version in result.versions.items()))
    return "\n".join(lines)
