"""Native blocks: where one ends, what its columns are called, and the real names of their types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import UNEXPECTED_PACKET, EngineError
from .typenames import shape
from .wire import Reader, string, varint

Columns = Sequence[tuple[str, str]]  # name and type
# Block info of revision 51903: is_overflows (field 1) = no, bucket_num (field 2) = -1, end of fields.
BLOCK_INFO: Final = b"\1\0\2\xff\xff\xff\xff\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block as it travels: `raw` is Native without block info."""

    columns: Columns
    rows: int
    raw: bytes


def header(columns: Columns) -> Block:
    """Return a block without rows, which tells names and types."""
    raw = varint(len(columns)) + varint(0) + b"".join(string(name) + string(kind) for name, kind in columns)
    return Block(columns=columns, rows=0, raw=raw)


def read_block(reader: Reader) -> Block:
    """Read one block, only walking over the values."""
    start = reader.at
    columns, count, rows = [], reader.varint(), reader.varint()
    for _ in range(count):
        columns.append((reader.text(), reader.text()))
        _skip_column(reader, columns[-1][1], rows)
    return Block(columns=columns, rows=rows, raw=reader.since(start))


def skip_block_info(reader: Reader) -> None:
    while field := reader.varint():
        if field > 2:
            raise EngineError(UNEXPECTED_PACKET, f"Unknown field {field} of a block's info")
        reader.skip(1 if field == 1 else 4)


def split_blocks(raw: bytes, rows: int) -> Iterator[Block]:
    """Cut a chunk of the engine into blocks; the usual chunk is one block of all `rows` and is not walked."""
    start = Reader.over(raw[:20])
    count, first = start.varint(), start.varint()
    if first == rows and count:
        yield Block(columns=[], rows=rows, raw=raw)
        return
    whole = Reader.over(raw)
    while whole.at < len(raw):
        yield read_block(whole)


def column_names(raw: bytes) -> Columns:
    """Return the columns of a block of the engine."""
    return read_block(Reader.over(raw)).columns


def with_types(block: Block, columns: Columns) -> Block:
    """Put the full names of types back: the engine writes DateTime('UTC') as DateTime, clients then guess a zone."""
    zoned = [number for number, (_, kind) in enumerate(columns, start=1) if kind.startswith("DateTime(")]
    if not zoned:
        return block
    reader = Reader.over(block.raw)
    parts = [varint(reader.varint()), varint(reader.varint())]
    for _, kind in columns[: zoned[-1]]:
        name, _ = reader.text(), reader.text()
        start = reader.at
        _skip_column(reader, kind, block.rows)
        parts += [string(name), string(kind), reader.since(start)]
    parts.append(block.raw[reader.at :])
    return Block(columns=columns, rows=block.rows, raw=b"".join(parts))


def _skip_column(reader: Reader, kind: str, rows: int) -> None:
    if rows:
        layout = shape(kind)
        layout.skip_prefix(reader)
        layout.skip_values(reader, rows)
