"""The command `headrace sql`."""

import csv
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.settings import load

PIPED_WIDTH = 1_000_000
Rows = Sequence[Sequence[Any]]


@click.command()
@click.argument("query", required=False)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def sql(query: str | None, form: str) -> None:
    """Run QUERY on ClickHouse and print what it gives; without QUERY it is read from stdin."""
    asked = (query if query is not None else click.get_text_stream("stdin").read()).strip().rstrip(";")
    if not asked:
        raise click.UsageError('there is no query; for instance: headrace sql "SELECT count() FROM blocks"')
    clickhouse = ClickHouse(clickhouse_address(load()))
    try:
        names, rows = clickhouse.table(asked, doing="running the query")
    finally:
        clickhouse.close()
    if names:
        PRINTED[form](names, rows)


def print_table(names: Sequence[str], rows: Rows) -> None:
    """Rows for a person; piped, a line is as long as it needs to be."""
    table = Table()
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text("NULL", style="dim") if value is None else Text(_text(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def print_json(names: Sequence[str], rows: Rows) -> None:
    """One array of objects."""
    found = [dict(zip(names, row, strict=True)) for row in rows]
    # Not json.dumps: it writes NaN, which no JSON holds.
    click.echo(msgspec.json.encode(found, enc_hook=_text))


def print_csv(names: Sequence[str], rows: Rows) -> None:
    """A heading and rows; NULL is nothing between two commas."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if value is None else _text(value) for value in row] for row in rows])


PRINTED: dict[str, Callable[[Sequence[str], Rows], None]] = {"table": print_table, "json": print_json, "csv": print_csv}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)
