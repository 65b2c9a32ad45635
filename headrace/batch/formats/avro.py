"""Avro object container files: parts are runs of blocks."""

import io
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

import fastavro
from fastavro.read import SchemaResolutionError

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import reading, unchanged
from headrace.batch.formats.piece import Columns, Piece
from headrace.batch.formats.text import as_text, text_columns
from headrace.batch.job import Part, Source

SYNC = 16
DAMAGED = (SchemaResolutionError, IndexError, KeyError, TypeError, AssertionError)


class Avro:
    """Reads records; their values become text, as those of JSON lines do."""

    suffixes = (".avro",)
    unchanged = staticmethod(unchanged)

    def columns(self, source: Source) -> Columns:
        """From the schema in the file."""
        with reading(source) as file:
            schema: Any = fastavro.reader(file).writer_schema
        if not isinstance(schema, dict) or schema.get("type") != "record":
            raise InputUnreadable(f"{source.name} does not hold records")
        return text_columns([field["name"] for field in schema["fields"]])

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """Blocks side by side until there are enough; only their headings are read."""
        number = first = gathered = 0
        begin = None
        for start, end, count in _blocks(source):
            begin = start if begin is None else begin
            gathered += count
            if gathered >= rows:
                yield Part(number=number, source=0, first=first, rows=gathered, start=begin, end=end)
                number, first, gathered, begin = number + 1, first + gathered, 0, None
        if gathered:
            yield Part(number=number, source=0, first=first, rows=gathered, start=begin or 0, end=source.size)

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """The heading of the file and the blocks of the part are a file of their own."""
        names = self.columns(source).schema.names
        heading = next(_blocks(source))[0]
        with reading(source) as file:
            raw = file.read(heading)
            file.seek(int(part.start))
            records = iter(fastavro.reader(io.BytesIO(raw + file.read(int(part.end) - int(part.start)))))
            while found := _some(records, rows, source):
                yield Piece(rows=as_text(found, names))


def _some(records: Iterator[Any], rows: int, source: Source) -> list[Any]:
    try:
        return list(islice(records, rows))
    except DAMAGED as error:
        raise InputUnreadable(f"{source.name}: {type(error).__name__}: {error}") from None


def _blocks(source: Source) -> Iterator[tuple[int, int, int]]:
    """Where each block begins and ends, and how many records it has."""
    with reading(source) as file:
        fastavro.reader(file)
        at = file.tell()
        while at < source.size:
            count, size = _long(file), _long(file)
            end = file.tell() + size + SYNC
            yield at, end, count
            at = file.seek(end)


def _long(file: IO[bytes]) -> int:
    """A zigzag number of variable length, as Avro writes it."""
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte:
            raise EOFError("the file ends within a block")
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
