"""Parquet: parts are runs of row groups."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import pyarrow.parquet as pq

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import reading, unchanged
from headrace.batch.formats.piece import Columns, Piece
from headrace.batch.job import Part, Source

# A row group of up to so many times the rows of a part stays whole, and a larger one is cut: whoever begins within one
# has to decode it from its start, but a part's output is in memory until it is put in place.
WHOLE = 1.25
AHEAD = 2**17


class Parquet:
    """Reads row groups."""

    suffixes = (".parquet", ".pq")
    unchanged = staticmethod(unchanged)

    def columns(self, source: Source) -> Columns:
        """From the footer, with the nulls that its statistics count."""
        meta = _footer(source)
        schema = meta.schema.to_arrow_schema()
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        # Text columns lie in the file as numbers of a dictionary, in memory as text.
        row_bytes = int(size / max(1, meta.num_rows)) + 16 * len(schema)
        return Columns(schema=schema, typed=True, row_bytes=row_bytes, rows=meta.num_rows, nulls=_nulls(meta))

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """Row groups side by side until there are enough; a very large one is cut."""
        meta = _footer(source)
        groups = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
        most = rows if strict else int(rows * WHOLE)
        first = number = 0
        for size in _sizes(groups, rows, most):
            yield Part(number=number, source=0, first=first, rows=size)
            first, number = first + size, number + 1

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """Decodes the groups of the part, a piece at a time."""
        footer = _footer(source)
        groups, skip = _groups(footer, part)
        with _file(source, footer) as file:
            left = part.rows
            for batch in file.iter_batches(rows, row_groups=groups, use_threads=False):
                ours = batch.slice(min(skip, len(batch)), left)
                skip, left = max(0, skip - len(batch)), left - len(ours)
                if len(ours):
                    yield Piece(rows=ours)
                if not left:
                    return
        raise InputUnreadable(f"{source.name} has {left} rows less than when the job was planned")


@lru_cache(maxsize=2)
def _footer(source: Source) -> pq.FileMetaData:
    """Read once for all parts of a file: that of a large one takes longer than some parts do."""
    with _file(source) as file:
        return file.metadata


@contextmanager
def _file(source: Source, footer: pq.FileMetaData | None = None) -> Iterator[pq.ParquetFile]:
    with reading(source) as file:
        yield pq.ParquetFile(
            file, metadata=footer, buffer_size=AHEAD, pre_buffer=False, page_checksum_verification=True
        )


def _sizes(groups: list[int], rows: int, most: int) -> Iterator[int]:
    """The rows of each part."""
    gathered = 0
    for size in groups:
        if gathered and gathered + size > rows:
            yield gathered
            gathered = 0
        if size > most:
            yield from _cut(size, rows)
        else:
            gathered += size
    if gathered:
        yield gathered


def _cut(size: int, rows: int) -> Iterator[int]:
    pieces = -(-size // rows)
    yield from (size * (i + 1) // pieces - size * i // pieces for i in range(pieces))


def _groups(meta: pq.FileMetaData, part: Part) -> tuple[list[int], int]:
    """The row groups of a part, and how many rows of the first of them come before it."""
    found: list[int] = []
    skip = at = 0
    for number in range(meta.num_row_groups):
        size = meta.row_group(number).num_rows
        if at < part.first + part.rows and at + size > part.first:
            skip = skip if found else part.first - at
            found.append(number)
        at += size
    return found, skip


def _nulls(meta: pq.FileMetaData) -> dict[str, int]:
    """Nulls by column, of those whose statistics are complete."""
    found: dict[str, int] = {}
    unknown: set[str] = set()
    for group in range(meta.num_row_groups):
        for place in range(meta.num_columns):
            column = meta.row_group(group).column(place)
            counted = column.statistics is not None and column.statistics.has_null_count
            if not counted:
                unknown.add(column.path_in_schema)
            else:
                found[column.path_in_schema] = found.get(column.path_in_schema, 0) + column.statistics.null_count
    return {name: count for name, count in found.items() if name not in unknown}
