"""The table at the end, and out/faults.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tests.faults.campaign.coverage import NOT_SHOWN, ROWS
from tests.faults.campaign.outcome import Outcome

COLUMNS = (
    ("struck", "happened"),
    ("sent", "sent"),
    ("acknowledged", "acknowledged"),
    ("lost", "lost"),
    ("dup. raw", "duplicates_raw"),
    ("dup.", "duplicates"),
    ("dead letters", "dead_letters"),
    ("recovered s", "recovered_s"),
    ("took s", "seconds"),
    ("CPU s", "cpu_s"),
)


def show(outcomes: Sequence[Outcome], mutants: Mapping[str, Any] | None, missing: Sequence[int], out: Console) -> None:
    """Print everything that a run found."""
    out.print(_table(outcomes))
    for outcome in outcomes:
        for failure in outcome.failures:
            out.print(Text(f"{outcome.fault}: {failure}", style="red"))
        if outcome.reason:
            out.print(Text(f"{outcome.fault}: not shown here: {outcome.reason}", style="yellow"))
    for row in missing:
        out.print(Text(f"NOT COVERED: row {row}, {ROWS[row]}", style="red"))
    for name, told in (mutants or {}).items():
        caught = ", ".join(told["caught_by"])
        text = f"mutant {name}: " + (f"caught by {caught}" if caught else f"SURVIVED {told.get('why', '')}")
        out.print(Text(text, style="green" if caught else "red"))


def show_not_shown(out: Console) -> None:
    """Rows that nobody can show yet, each with its reason."""
    for row, reason in NOT_SHOWN.items():
        out.print(Text(f"row {row}, {ROWS[row]}: {reason}", style="yellow"))


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(Column("fault", no_wrap=True), "rows", *(title for title, _ in COLUMNS), "", box=SIMPLE_HEAD)
    for outcome in outcomes:
        cells = [_cell(getattr(outcome, name)) for _, name in COLUMNS]
        if outcome.reason:
            cells = ["–"] * len(COLUMNS)
        table.add_row(outcome.fault, ", ".join(map(str, outcome.rows)), *cells, verdict(outcome))
    for column in table.columns[2:-1]:
        column.justify, column.no_wrap = "right", True
    return table


def _cell(value: float | int | None) -> str:
    if value is None:
        return "never"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def verdict(outcome: Outcome) -> Text:
    """In one word."""
    if outcome.reason:
        return Text("not here", style="yellow")
    return Text("ok", style="green") if outcome.ok else Text("FAILED", style="red bold")


def passed(outcomes: Sequence[Outcome], mutants: Mapping[str, Any] | None, missing: Sequence[int]) -> bool:
    """Whether everything that could be shown held, and every mutant was caught."""
    caught = all(told["caught_by"] for told in (mutants or {}).values())
    return bool(outcomes) and all(outcome.ok or outcome.reason for outcome in outcomes) and caught and not missing


def write(path: Path, outcomes: Sequence[Outcome], mutants: Mapping[str, Any] | None, about: Mapping[str, Any]) -> None:
    """out/faults.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"about": about, "faults": [asdict(outcome) for outcome in outcomes], "mutants": mutants or {}}
    path.write_text(json.dumps(told, indent=1, default=str, ensure_ascii=False) + "\n", encoding="utf-8")
