"""The ledger for a terminal."""

from collections.abc import Iterator
from dataclasses import fields

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headrace.ledger.report import LedgerReport, PartitionRow

MOST_FAULTS = 20
MOST_PARTITIONS = 6


def shown(report: LedgerReport) -> Iterator[RenderableType]:
    """The table, what is wrong in words, and the verdict."""
    yield _table(report)
    for fault in report.faults[:MOST_FAULTS]:
        yield Text(str(fault), style="red")
    if len(report.faults) > MOST_FAULTS:
        yield Text(f"and {len(report.faults) - MOST_FAULTS} more; --json lists all", style="red")
    yield _verdict(report)


def _table(report: LedgerReport) -> Table:
    """A line a measure; of many partitions only so many as fit, those with a fault first."""
    lines = sorted(report.partitions, key=lambda line: (line.unaccounted == 0, line.partition))[:MOST_PARTITIONS]
    table = Table(title=f"ledger of {report.model}")
    table.add_column("")
    table.add_column("all", justify="right", style="bold")
    for line in sorted(lines, key=lambda line: line.partition or 0):
        table.add_column(f"p{line.partition}", justify="right")
    shown_lines = [report.total, *sorted(lines, key=lambda line: line.partition or 0)]
    for name in (field.name for field in fields(PartitionRow) if field.name != "partition"):
        table.add_row(name.replace("_", " "), *(f"{getattr(line, name):,}" for line in shown_lines))
    return table


def _verdict(report: LedgerReport) -> Text:
    if report.unaccounted:
        return Text(f"{report.unaccounted:,} unaccounted for", style="bold red")
    if report.settled:
        return Text("nothing is missing, nothing is there twice", style="bold green")
    open_ = f"{report.total.waiting:,} waiting, {report.total.on_the_way:,} on the way"
    return Text(f"nothing is missing so far; {open_}", style="green")
