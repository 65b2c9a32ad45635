"""A ClickHouse query: parts are ranges of a key, so that each reads only its own rows."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from headrace.batch.errors import BatchError, InputUnreadable
from headrace.batch.formats.piece import GUESSED_BYTES, Columns, Piece
from headrace.batch.job import Part, Source
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.clickhouse.ddl import ESCAPED
from headrace.clickhouse.errors import ClickHouseRefused
from headrace.clickhouse.reading import read_columns

PREFIX = "clickhouse:"
WRAPPED = re.compile(r"(?:LowCardinality|Nullable)\((.*)\)")
INTEGER = re.compile(r"U?Int(8|16|32|64)")
INSTANT = pa.timestamp("us", tz="UTC")
# How a value is asked for without loss, and what it is then; all other types are asked for as text.
EXPRESSIONS: dict[str, tuple[str, pa.DataType]] = {
    "Float32": ("{name}", pa.float32()),
    "Float64": ("{name}", pa.float64()),
    "Bool": ("toUInt8({name})", pa.bool_()),
    "Date": ("toInt32(toDate32({name}))", pa.date32()),
    "Date32": ("toInt32({name})", pa.date32()),
    "DateTime": ("toUnixTimestamp64Micro(toDateTime64({name}, 6, 'UTC'))", INSTANT),
    "DateTime64": ("toUnixTimestamp64Micro(toDateTime64({name}, 6, 'UTC'))", INSTANT),
}
STARTS = """
SELECT toString(key), min(rank) - 1 FROM (
    SELECT {key} AS key, rank() OVER (ORDER BY key) AS rank, row_number() OVER (ORDER BY key) AS number
    FROM ({query})
)
WHERE (number - 1) % {rows} = 0 GROUP BY key ORDER BY key
"""


class Query:
    """Reads ranges of a query; a source is the query (name) and its key (mark)."""

    def __init__(self, address: Callable[[], ClickHouseAddress]) -> None:
        self._address = address

    def source(self, address: str, key: str) -> Source:
        """The query behind clickhouse:…; raises InputUnreadable when it has no such key, or nulls in it."""
        query = address.removeprefix(PREFIX).strip().rstrip(";")
        if not key:
            raise InputUnreadable("a query needs --key COLUMN: its parts are ranges of that column's values")
        source = Source(name=query, mark=key)
        if key not in dict(self._described(source)):
            raise InputUnreadable(f"the query gives no column {key}")
        ((nulls, count),) = self._rows(f"SELECT countIf(isNull({_quoted(key)})), count() FROM ({query})")
        if nulls:
            raise InputUnreadable(f"the key {key} is null in {nulls:,} rows, which would be in no part")
        return Source(name=query, mark=key, size=int(count))

    def unchanged(self, source: Source) -> None:
        """A part of other rows than were planned is found by its count."""

    def columns(self, source: Source) -> Columns:
        """From the query's description."""
        schema = pa.schema([(n, _kind(t)[1]) for n, t in self._described(source)])
        return Columns(schema=schema, typed=True, row_bytes=GUESSED_BYTES * len(schema))

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """Ranges of about so many rows; rows of one key are never parted."""
        if not source.size:
            return
        found = self._rows(STARTS.format(key=_quoted(source.mark), query=source.name, rows=rows))
        starts = [(str(key), int(first)) for key, first in found]
        for number, ((start, first), (end, after)) in enumerate(
            zip(starts, [*starts[1:], ("", source.size)], strict=True)
        ):
            yield Part(number=number, source=0, first=first, rows=after - first, start=start, end=end)

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """The rows of the range, in the order of all their values, so that they come alike each time."""
        described = self._described(source)
        selected = ", ".join(f"{_kind(t)[0].format(name=_quoted(n))} AS {_quoted(n)}" for n, t in described)
        kind = dict(described)[source.mark]
        within = f"{_quoted(source.mark)} >= {_literal(str(part.start), kind)}"
        if part.end != "":
            within += f" AND {_quoted(source.mark)} < {_literal(str(part.end), kind)}"
        # Chosen within, renamed without: else the condition would be on what a column was made into.
        query = f"SELECT {selected} FROM (SELECT * FROM ({source.name}) WHERE {within} ORDER BY ALL)"
        schema = pa.schema([(n, _kind(t)[1]) for n, t in described])
        with _refusals():
            # The driver takes a single % for a place where a parameter belongs.
            table = read_columns(self._address(), query.replace("%", "%%"), {}, schema, doing="reading a part")
        for batch in table.combine_chunks().to_batches(max_chunksize=rows):
            yield Piece(rows=batch)

    def _described(self, source: Source) -> list[tuple[str, str]]:
        return [(str(row[0]), str(row[1])) for row in self._rows(f"DESCRIBE TABLE ({source.name})")]

    def _rows(self, query: str) -> list[Any]:
        client = ClickHouse(self._address())
        try:
            with _refusals():
                return client.rows(query, doing="reading the input")
        finally:
            client.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """What ClickHouse refuses is the query's fault; one that does not answer may answer later."""
    try:
        yield
    except ClickHouseRefused as error:
        raise InputUnreadable(str(error)) from None


def _kind(described: str) -> tuple[str, pa.DataType]:
    while wrapped := WRAPPED.fullmatch(described):
        described = wrapped[1]
    if INTEGER.fullmatch(described):
        return "{name}", pa.uint64() if described == "UInt64" else pa.int64()
    return EXPRESSIONS.get(described.partition("(")[0], ("toString({name})", pa.string()))


def _literal(text: str, kind: str) -> str:
    return f"CAST('{text.translate(ESCAPED)}' AS {kind})"


def _quoted(name: str) -> str:
    if "`" in name:
        raise BatchError(f"{name!r} cannot be a column's name here")
    return f"`{name}`"
