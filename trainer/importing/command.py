"""The command `headrace import`."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import pyarrow as pa
from rich.console import Console

from headrace import settings
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.clickhouse.values import values
from headrace.modelfolder import ModelFolder
from trainer.errors import HistoryError, ImportFileError
from trainer.finding import find_folder
from trainer.foldercode import foldercode
from trainer.importing.checking import Bad, Layout, checked, digests, missing
from trainer.importing.files import Piece, column_names, of_table, pieces

SHOWN = 20
Given = Callable[[list[str]], Iterator[Piece]]


@dataclass(slots=True, kw_only=True)
class Imported:
    """What came of a file."""

    rows: int = 0
    rejected: int = 0
    first: list[Bad] = field(default_factory=list)


@click.command(name="import")
@click.argument("model")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--map", "mapped", multiple=True, metavar="NAME=COLUMN", help="where the file calls it otherwise")
@click.option("--zone", default="", help="time zone of instants that name none, such as UTC or Europe/Dublin")
@click.option(
    "--rejects", type=click.Path(path_type=Path), metavar="FILE.csv", help="write every bad row's place there"
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def import_(
    model: str, file: Path | None, mapped: tuple[str, ...], zone: str, rejects: Path | None, as_json: bool
) -> None:
    """Bring labelled rows of FILE (.parquet or .csv) into ClickHouse as MODEL's history, to train on.

    A row is event_time, label and the features; request_id, entity and label_time (when the label became known) are
    optional. A bad row is told by its place and left out. Importing a file again changes nothing. Without FILE the
    rows are those that history() in the model's train.py gives, without those that have no label.
    """
    clickhouse = ClickHouse(clickhouse_address(settings.load()))
    try:
        folder = find_folder(model, clickhouse)
        source = file.name if file else "train.py"
        layout = Layout(task=folder.task, features=folder.features, zone=_zone(zone), source=source)
        names, given = _of_file(file) if file else _of_history(folder)
        done = _bring(folder.name, layout, names, given, _mapping(mapped), rejects, clickhouse)
    finally:
        clickhouse.close()
    if as_json:
        told = [{"row": one.row, "column": one.column, "reason": one.reason} for one in done.first]
        click.echo(json.dumps({"model": folder.name, "rows": done.rows, "rejected": done.rejected, "first": told}))
        return
    _print(folder.name, source, done)


def _of_file(file: Path) -> tuple[list[str], Given]:
    """Its columns, and its rows once it is said which columns are wanted."""
    return column_names(file), lambda wanted: pieces(file, wanted)


def _of_history(folder: ModelFolder) -> tuple[list[str], Given]:
    """The same of the table that history() gives."""
    with foldercode(folder) as code:
        table = code.history()
    if not isinstance(table, pa.Table):
        raise HistoryError(
            f"history() in {folder.train_py} gave a {type(table).__name__}; it must give a pyarrow Table"
        )
    return table.column_names, lambda wanted: of_table(table, wanted)


def _bring(
    model: str,
    layout: Layout,
    names: Sequence[str],
    given: Given,
    mapped: dict[str, str],
    rejects: Path | None,
    into: ClickHouse,
) -> Imported:
    if faults := missing(layout, names, mapped):
        raise ImportFileError(f"{layout.source} cannot be the history of {model}: {'; '.join(faults)}")
    wanted = {name: mapped.get(name, name) for name in layout.columns if mapped.get(name, name) in names}
    done, at = Imported(), datetime.now(UTC)
    with ExitStack() as stack:
        out = csv.writer(stack.enter_context(rejects.open("w", newline=""))) if rejects else None
        for piece in given(list(dict.fromkeys(wanted.values()))):
            rows, bad = checked(_renamed(piece, wanted), layout)
            _insert(into, model, rows, at)
            _note(done, rows.num_rows, bad)
            if out:
                out.writerows((one.row, one.column, one.reason) for one in bad)
    return done


def _renamed(piece: Piece, wanted: dict[str, str]) -> Piece:
    rows = pa.table({name: piece.rows[column] for name, column in wanted.items()})
    return Piece(rows=rows, numbers=piece.numbers, spoilt=piece.spoilt)


def _insert(clickhouse: ClickHouse, model: str, rows: pa.Table, at: datetime) -> None:
    if rows.num_rows:
        columns: dict[str, Any] = {name: values(rows[name]) for name in rows.column_names}
        own = {"imported_at": [at] * rows.num_rows, "content": digests(rows.drop_columns(["imported_from"]))}
        clickhouse.insert(f"{model}_history", columns | own)


def _note(done: Imported, rows: int, bad: Iterable[Bad]) -> None:
    found = list(bad)
    done.rows += rows
    done.rejected += len(found)
    done.first += found[: SHOWN - len(done.first)]


def _print(model: str, file: str, done: Imported) -> None:
    console = Console(stderr=True)
    for one in done.first:
        where = f"row {one.row}" + (f", {one.column}" if one.column else "")
        console.print(f"{file}, {where}: {one.reason}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if done.rejected > len(done.first):
        console.print(f"… and {done.rejected - len(done.first):,} more; --rejects FILE.csv writes all", style="yellow")
    click.echo(f"{done.rows:,} rows are in the history of {model}, {done.rejected:,} were left out")


def _zone(text: str) -> str:
    try:
        return text and ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError):
        raise ImportFileError(f"{text!r} is no time zone; write for instance UTC or Europe/Dublin") from None


def _mapping(mapped: Iterable[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in mapped]
    if wrong := [name for name, sign, column in pairs if not (name and sign and column)]:
        raise ImportFileError(f"--map {wrong[0]}: write NAME=COLUMN, the model's name first")
    return {name: column for name, _, column in pairs}
