"""A column between the walk over the bytes and the Arrow array."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.wire.avro_schema import Node
from headrace.wire.block import Block, Places, runs

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Part:
    """Fixed-width values, or bytes and offsets into them; present is None when no row is null."""

    node: Node
    data: Any
    present: Mask | None
    offsets: Any = None
    rows: int = 0


def column(part: Part, alive: Mask | None) -> pa.Array:
    """The array of a part; alive says which rows were sound up to here (None: all)."""
    if part.node.kind == "null":
        return pa.nulls(part.rows)
    present = part.present
    if alive is not None:
        present = alive if present is None else present & alive
    validity = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    data = part.data if isinstance(part.data, pa.Buffer) else pa.py_buffer(part.data)
    buffers = [validity, data] if part.offsets is None else [validity, pa.py_buffer(part.offsets), data]
    return pa.Array.from_buffers(part.node.arrow, part.rows, buffers)


def gather(block: Block, start: Places, length: Places) -> tuple[Any, Any]:
    """The bytes at start[i] of length[i] one behind the other, and their offsets; never rows x longest bytes."""
    rows = len(start)
    longest = int(length.max(initial=0))
    if longest and longest == int(length.min()):
        return runs(block.buffer, longest)[start], np.arange(0, longest * rows + 1, longest, dtype=np.int32)
    # The block as an Arrow array of what is wanted and what is between, by turns; taking every other one copies in C.
    edges = np.empty(2 * rows + 1, np.int32)
    edges[0:-1:2] = start
    edges[1::2] = start + length
    edges[-1] = edges[-2] if rows else 0
    pieces = pa.Array.from_buffers(pa.binary(), 2 * rows, [None, pa.py_buffer(edges), pa.py_buffer(block.buffer)])
    _, offsets, data = pieces.take(pa.array(np.arange(0, 2 * rows, 2))).buffers()
    return data, offsets


def is_text(rows: int, data: Any, offsets: Any) -> bool:
    """Whether every value is UTF-8."""
    if np.frombuffer(data, np.uint8).max(initial=0) < 128:
        return True
    try:
        pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def not_text(data: bytes, start: Places, length: Places) -> list[int]:
    """Rows whose bytes are not UTF-8."""
    return [
        row
        for row, (at, size) in enumerate(zip(start.tolist(), length.tolist(), strict=True))
        if not _decodes(data[at : at + size])
    ]


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
