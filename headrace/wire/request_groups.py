"""Which requests of a batch are read in the same way: those with equal framing."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from headrace.wire.block import Block
from headrace.wire.framing import Format
from headrace.wire.reasons import Code

FEW_KINDS = 8

# The framing that some rows share (none: JSON), and those rows, ascending.
Rows: TypeAlias = tuple[bytes, NDArray[np.int64]]


def all_json(values: Sequence[bytes | None], max_bytes: int) -> bool:
    """Whether nothing else is among the values, so that they need not be laid side by side to be told apart."""
    if not values or values[0] is None or not values[0].startswith(b"{"):
        return False
    return all(value is not None and value.startswith(b"{") and len(value) <= max_bytes for value in values)


def groups_of(front: NDArray[np.uint8]) -> list[Rows]:
    """Rows by their framing: the first few kinds, which hold nearly all rows, at the price of a comparison each."""
    if len(front) and (front == front[0]).all():
        return [(front[0].tobytes(), np.arange(len(front)))]
    groups: list[Rows] = []
    rest = np.arange(len(front))
    while len(rest) and len(groups) < FEW_KINDS:
        first = front[rest[0]]
        alike = (front[rest] == first).all(axis=1)
        groups.append((first.tobytes(), rest[alike]))
        rest = rest[~alike]
    others: dict[bytes, list[int]] = {}
    for row in rest.tolist():
        others.setdefault(front[row].tobytes(), []).append(row)
    return groups + [(header, np.array(rows)) for header, rows in others.items()]


def unknown_schema(form: Format, header: bytes) -> str:
    """The reason for a row whose framing names a schema that nobody has."""
    if form is Format.AVRO:
        return Code.UNKNOWN_SCHEMA.because(f"no schema with the fingerprint {header[2:].hex()} is stored")
    return Code.UNKNOWN_SCHEMA.because(f"no schema with the number {int.from_bytes(header[1:], 'big')} is known")


def unknown_format(block: Block, row: int) -> str:
    """The reason for a row whose first bytes name no format."""
    start, end = int(block.starts[row]), int(block.ends[row])
    head = block.data[start : min(start + 4, end)]
    return Code.UNKNOWN_FORMAT.because(f"begins with {head.hex(' ')}") if head else Code.EMPTY.because("no value")
