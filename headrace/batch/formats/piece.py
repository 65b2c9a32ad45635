"""What every format gives: columns to check before, parts to plan, pieces of rows to score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from headrace.batch.job import Part, Source

# Of a value whose size nobody knows before it is read; rather large.
GUESSED_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows as the input has them; spoilt: rows that are no rows at all (null in every column), with the reason.

    original is the text of what is spoilt.
    """

    rows: pa.RecordBatch
    spoilt: Mapping[int, str] = field(default_factory=dict)
    original: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a source. typed: their types are the input's own (else all is text).

    row_bytes: about how many bytes a row takes in memory. nulls: how many of its rows are null in a column, where that
    is known.
    """

    schema: pa.Schema
    typed: bool
    row_bytes: int
    rows: int = 0
    nulls: Mapping[str, int] = field(default_factory=dict)


class Format(Protocol):
    """One kind of input. What cannot be read raises InputUnreadable."""

    def columns(self, source: Source) -> Columns:
        """Columns of a source, without reading its rows."""

    def unchanged(self, source: Source) -> None:
        """Raise InputUnreadable when a source is not what it was."""

    def parts(self, source: Source, rows: int, strict: bool) -> Iterator[Part]:
        """Parts of about so many rows, numbered from 0, of source 0; strict: never more than so many."""

    def pieces(self, source: Source, part: Part, rows: int) -> Iterator[Piece]:
        """The rows of a part in their order, at most so many at once."""


class FileFormat(Format, Protocol):
    """A format of files, known by the ends of their names."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """In small letters."""
