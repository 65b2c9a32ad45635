"""CSV and JSON lines: parts are byte ranges that begin and end between rows."""

import csv
import io
from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import reading, unchanged
from headrace.batch.formats.piece import Columns, Piece
from headrace.batch.formats.text import of_records, text_columns
from headrace.batch.job import Part, Source
from headrace.wire.reasons import Code

CHUNK = 8 * 2**20
LONGEST_HEADING = 2**20
QUOTE, NEWLINE, RETURN = b'"'[0], b"\n"[0], b"\r"[0]


class Csv:
    """Comma-separated, with a heading; all values are text, the empty one is null."""

    suffixes = (".csv",)
    unchanged = staticmethod(unchanged)

    def columns(self, source: Source) -> Columns:
        """From the heading."""
        names, _ = _heading(source)
        if len(set(names)) < len(names):
            raise InputUnreadable(f"{source.name}: its heading names a column twice")
        return text_columns(names)

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """One pass over the file; a newline within quotes ends no row."""
        _, start = _heading(source)
        yield from _cut(source, start, source.size, rows, quoted=True)

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """A row that is none (too many values, or too few) is spoilt."""
        names, _ = _heading(source)
        for text in _slices(source, part, rows, quoted=True):
            yield _table(text, names)


class JsonLines:
    """An object a line; values that are not text become JSON text."""

    suffixes = (".jsonl", ".ndjson")
    unchanged = staticmethod(unchanged)

    def columns(self, source: Source) -> Columns:
        """From the first line; what only later lines have is left out."""
        with reading(source) as file:
            first = file.readline(LONGEST_HEADING)
        try:
            names = list(msgspec.json.decode(first, type=dict[str, object]))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputUnreadable(f"{source.name}: its first line is no JSON object: {error}") from None
        return text_columns(names)

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """One pass over the file."""
        yield from _cut(source, 0, source.size, rows, quoted=False)

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """A line that is no object is spoilt."""
        names = self.columns(source).schema.names
        decode = msgspec.json.Decoder(dict[str, object]).decode
        for text in _slices(source, part, rows, quoted=False):
            yield of_records([line for line in text.split(b"\n") if line not in (b"", b"\r")], decode, names)


def _heading(source: Source) -> tuple[list[str], int]:
    """A CSV's column names, and where its first row begins."""
    with reading(source) as file:
        raw = file.read(LONGEST_HEADING)
    mark = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    ends, _ = _row_ends(np.frombuffer(raw, np.uint8), quoted=True, inside=False)
    end = int(ends[0]) + 1 if len(ends) else len(raw)
    names = next(csv.reader(io.StringIO(raw[mark:end].decode("utf-8", "replace"), newline="")), [])
    if not names:
        raise InputUnreadable(f"{source.name} has no heading")
    return names, end


def _cut(source: Source, start: int, stop: int, rows: int, *, quoted: bool) -> Iterator[Part]:
    """Parts of so many rows each, the last of what is left."""
    begin, number, waiting = start, 0, np.empty(0, np.int64)
    for ends in _ends(source, start, stop, quoted=quoted):
        waiting = np.concatenate([waiting, ends])
        while len(waiting) >= rows:
            end = int(waiting[rows - 1])
            yield Part(number=number, source=0, first=number * rows, rows=rows, start=begin, end=end)
            begin, number, waiting = end, number + 1, waiting[rows:]
    if len(waiting):
        yield Part(number=number, source=0, first=number * rows, rows=len(waiting), start=begin, end=stop)


def _ends(source: Source, start: int, stop: int, *, quoted: bool) -> Iterator[NDArray[np.int64]]:
    """The offsets behind all rows, chunk by chunk; empty lines are no rows."""
    at, line, inside, last = start, start, False, 0
    with reading(source) as file:
        file.seek(start)
        while chunk := file.read(min(CHUNK, stop - at)):
            data = np.frombuffer(chunk, np.uint8)
            places, inside = _row_ends(data, quoted=quoted, inside=inside)
            behind = at + places + 1
            length = np.diff(behind, prepend=line) - 1
            previous = np.where(places > 0, data[places - 1], last)
            yield behind[(length > 1) | ((length == 1) & (previous != RETURN))]
            at, line, last = at + len(chunk), int(behind[-1]) if len(behind) else line, int(data[-1])
    if at > line:
        yield np.array([at])


def _row_ends(data: NDArray[np.uint8], *, quoted: bool, inside: bool) -> tuple[NDArray[np.int64], bool]:
    """Where rows end, and whether the data ends within quotes; a newline within quotes ends no row."""
    newlines = np.flatnonzero(data == NEWLINE)
    if not quoted:
        return newlines, False
    quotes = np.flatnonzero(data == QUOTE)
    outside = (np.searchsorted(quotes, newlines) + inside) % 2 == 0
    return newlines[outside], (len(quotes) + inside) % 2 == 1


def _slices(source: Source, part: Part, rows: int, *, quoted: bool) -> Iterator[bytes]:
    """The bytes of so many rows after the other."""
    with reading(source) as file:
        for one in _cut(source, int(part.start), int(part.end), rows, quoted=quoted):
            file.seek(int(one.start))
            yield file.read(int(one.end) - int(one.start))


def _table(text: bytes, names: list[str]) -> Piece:
    """The rows of some CSV; those that Arrow's reader skips are put back as rows without values."""
    skipped: dict[int, tuple[str, str]] = {}

    def skip(row: arrow_csv.InvalidRow) -> str:
        why = f"{row.actual_columns} values where the heading names {row.expected_columns}"
        skipped[row.number - 1] = Code.MALFORMED.because(why), row.text
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(text),
        arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
        arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    spoilt = {row: why for row, (why, _) in skipped.items()}
    places = _places(table.num_rows, list(skipped))
    raw = {name: table[name].combine_chunks().take(places) for name in names}
    columns = {name: _as_text(column, spoilt) for name, column in raw.items()}
    return Piece(
        rows=pa.RecordBatch.from_pydict(columns), spoilt=spoilt, original={r: text for r, (_, text) in skipped.items()}
    )


def _places(rows: int, skipped: list[int]) -> pa.Array:
    """For each row, those that were skipped among them, its place in the table."""
    missing = np.zeros(rows + len(skipped), np.bool_)
    missing[skipped] = True
    return pa.array(np.cumsum(~missing) - 1, mask=missing)


def _as_text(column: pa.Array, spoilt: dict[int, str]) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        values = column.to_pylist()
    for row, value in enumerate(values):
        if value is not None and "\ufffd" in value.decode("utf-8", "replace"):
            spoilt.setdefault(row, Code.MALFORMED.because("text that is not UTF-8"))
    return pa.array([None if value is None else value.decode("utf-8", "replace") for value in values], pa.string())
