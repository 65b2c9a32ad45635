"""How far the values of a column reach, by type: nothing here looks at a value, only at lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .wire import UINT64, Reader


class Shape(Protocol):
    """The layout of a type in Native blocks: first every prefix of a column, then its values."""

    def skip_prefix(self, reader: Reader) -> None: ...

    def skip_values(self, reader: Reader, rows: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of `size` bytes each."""

    size: int

    def skip_prefix(self, reader: Reader) -> None:
        pass

    def skip_values(self, reader: Reader, rows: int) -> None:
        reader.skip(rows * self.size)


@dataclass(frozen=True, slots=True)
class Text:
    """Strings, each after its length."""

    def skip_prefix(self, reader: Reader) -> None:
        pass

    def skip_values(self, reader: Reader, rows: int) -> None:
        reader.skip_strings(rows)


@dataclass(frozen=True, slots=True)
class Nullable:
    """A byte a row that says whether it is null, then a value for every row."""

    inner: Shape

    def skip_prefix(self, reader: Reader) -> None:
        self.inner.skip_prefix(reader)

    def skip_values(self, reader: Reader, rows: int) -> None:
        reader.skip(rows)
        self.inner.skip_values(reader, rows)


@dataclass(frozen=True, slots=True)
class Array:
    """The end of every row among the elements, then the elements of all rows."""

    inner: Shape

    def skip_prefix(self, reader: Reader) -> None:
        self.inner.skip_prefix(reader)

    def skip_values(self, reader: Reader, rows: int) -> None:
        if rows:
            reader.skip(UINT64.size * (rows - 1))
            self.inner.skip_values(reader, reader.number(UINT64))


@dataclass(frozen=True, slots=True)
class Tuple:
    """One column after another; a tuple of nothing is a byte a row."""

    parts: tuple[Shape, ...]

    def skip_prefix(self, reader: Reader) -> None:
        for part in self.parts:
            part.skip_prefix(reader)

    def skip_values(self, reader: Reader, rows: int) -> None:
        for part in self.parts:
            part.skip_values(reader, rows)
        if not self.parts:
            reader.skip(rows)


@dataclass(frozen=True, slots=True)
class LowCardinality:
    """A version, flags (the lowest byte is the log2 of an index's width), the distinct keys, an index a row."""

    keys: Shape

    def skip_prefix(self, reader: Reader) -> None:
        reader.skip(UINT64.size)

    def skip_values(self, reader: Reader, rows: int) -> None:
        if rows:
            width = reader.number(UINT64) & 0xFF
            self.keys.skip_values(reader, reader.number(UINT64))
            reader.skip(reader.number(UINT64) << width)
