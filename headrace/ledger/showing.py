"""The ledger for a terminal."""

from collections.abc import Iterator
from dataclasses import fields

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headrace.ledger.report import LedgerReport, PartitionRow

MOST_FAULTS = 20
HEADINGS = {"on_the_way": "on the way", "duplicates_raw": "raw dup.", "duplicates": "dup.", "unidentified": "unident."}


def shown(report: LedgerReport) -> Iterator[RenderableType]:
    """The table, what is wrong in words, and the verdict."""
    names = [field.name for field in fields(PartitionRow)]
    table = Table(title=f"ledger of {report.model}")
    for name in names:
        table.add_column(HEADINGS.get(name, name), justify="right")
    for line in report.partitions:
        table.add_row(*_cells(line, names))
    table.add_section()
    table.add_row(*_cells(report.total, names), style="bold")
    yield table
    for fault in report.faults[:MOST_FAULTS]:
        yield Text(str(fault), style="red")
    if len(report.faults) > MOST_FAULTS:
        yield Text(f"and {len(report.faults) - MOST_FAULTS} more; --json lists all", style="red")
    yield _verdict(report)


def _cells(line: PartitionRow, names: list[str]) -> list[str]:
    return ["all" if (value := getattr(line, name)) is None else f"{value:,}" for name in names]


def _verdict(report: LedgerReport) -> Text:
    if report.unaccounted:
        return Text(f"{report.unaccounted:,} unaccounted for", style="bold red")
    if report.settled:
        return Text("nothing is missing, nothing is there twice", style="bold green")
    open_ = f"{report.total.waiting:,} waiting, {report.total.on_the_way:,} on the way"
    return Text(f"nothing is missing so far; {open_}", style="green")
