"""Walking N Avro messages in step: at each field, one array operation moves all N positions.

What is read past a message's end belongs to another row or to the padding. That is harmless: positions are checked
before anything is copied by a length out of the bytes, and at the end, and a row that ran over is a suspect. Suspects
are judged one by one by avro_rows; a message that the walk finds sound is sound.
"""

from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.wire.avro_parts import Mask, Part, gather, is_text, not_text
from headrace.wire.avro_schema import CELLS, Leaf, Node, flattens
from headrace.wire.block import PAD, Block, Places, runs

Raw = NDArray[Any]

# Zigzag numbers of one byte.
ZIGZAG = np.array([(byte >> 1) ^ -(byte & 1) for byte in range(256)], np.int64)
ZIGZAG_INT = ZIGZAG.astype(np.int32)
LONGEST_NUMBER = 10
# How far positions may run unchecked: the padding, less a number and the framing of a message shorter than that.
SLACK = PAD - 64
_STOP = np.uint64(0x8080808080808080)
_SEVEN = np.uint64(0x7F7F7F7F7F7F7F7F)


def covers(columns: tuple[Leaf, ...]) -> bool:
    """Whether all columns of a schema can be walked in step."""
    return all(leaf.node.kind in CELLS and _fits(leaf.node) for leaf in columns)


def _fits(node: Node) -> bool:
    # A fixed is read where it should be even when the message ends before: the padding must hold it.
    return node.kind != "fixed" or 0 < node.size <= SLACK


class Cursor:
    """A position in each of N messages."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._n = len(block)
        self._at = block.starts.copy()
        self._suspect = np.zeros(self._n, np.bool_)
        self._eight = runs(block.buffer, 8)
        self._limit = len(block.buffer) - PAD + 1
        self._slack = SLACK
        self.parts: list[Part] = []

    def finish(self) -> list[int]:
        """Rows that must be judged one by one."""
        self._suspect |= self._at != self._block.ends
        return [int(row) for row in np.flatnonzero(self._suspect)]

    def record(self, node: Node, present: Mask | None = None, inside: tuple[Node, ...] = ()) -> None:
        """Read all fields of a record; present says in which rows there is one (None: in all)."""
        within = (*inside, node)
        for child in node.fields:
            here = self._branch(child.node, present) if child.node.null_branch is not None else present
            if flattens(child.node, within):
                self.record(child.node, here, within)
            else:
                self.parts.append(_READ[child.node.kind](self, child.node, here))

    def _branch(self, node: Node, present: Mask | None) -> Mask | None:
        raw = self._number(present)
        here = raw == (2 if node.null_branch == 0 else 0)
        odd = raw & ~raw.dtype.type(2)
        if odd.any():
            self._suspect |= odd != 0
        if present is not None:
            here &= present
        elif here.all():
            return None
        return cast(Mask, here)

    def _move(self, width: int | Places, present: Mask | None, reach: int) -> None:
        self._at += width if present is None else np.multiply(present, width)
        self._slack -= reach
        if self._slack < 0:
            # Behind every message but within the padding: the row stays a suspect, and the next reads stay inside.
            np.minimum(self._at, self._limit, out=self._at)
            self._slack = SLACK

    def _number(self, present: Mask | None) -> Raw:
        """Unsigned numbers before zigzag, in 8, 16 or 64 bits as the longest needs; 0 where not present."""
        first = self._block.buffer[self._at]
        if present is not None:
            first *= present
        if self._n and first.max() < 128:
            self._move(1, present, 1)
            return first
        second = self._block.buffer[self._at + 1]
        if self._n and (first & second).max() < 128:
            return self._short_number(first, second, present)
        return self._long_number(present)

    def _short_number(self, first: Raw, second: Raw, present: Mask | None) -> Raw:
        more = first > 127
        raw = second.astype(np.uint16) << 7
        raw *= more
        raw |= first & 127
        self._move(more + np.int64(1), present, 2)
        return raw

    def _long_number(self, present: Mask | None) -> Raw:
        raw = self._eight[self._at].view("<u8")
        if present is not None:
            raw *= present
        stop = ~raw & _STOP
        lowest = stop & (~stop + np.uint64(1))
        keep = lowest ^ (lowest - np.uint64(1))
        width = (np.bitwise_count(keep) >> 3).astype(np.int64)
        raw &= keep & _SEVEN
        raw = (raw & np.uint64(0x007F007F007F007F)) | ((raw & np.uint64(0x7F007F007F007F00)) >> np.uint64(1))
        raw = (raw & np.uint64(0x00003FFF00003FFF)) | ((raw & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2))
        raw = (raw & np.uint64(0x000000000FFFFFFF)) | ((raw & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4))
        if not stop.all():
            self._longest(raw, width, np.flatnonzero(stop == 0))
        self._move(width, present, LONGEST_NUMBER)
        return raw

    def _longest(self, raw: Raw, width: Places, rows: Places) -> None:
        """The ninth and tenth byte of the few numbers that have them."""
        ninth = self._block.buffer[self._at[rows] + 8].astype(np.uint64)
        tenth = self._block.buffer[self._at[rows] + 9].astype(np.uint64)
        more = ninth >= 128
        raw[rows] |= (ninth & np.uint64(127)) << np.uint64(56)
        raw[rows] |= np.where(more, (tenth & np.uint64(1)) << np.uint64(63), np.uint64(0))
        width[rows] = 9 + more
        self._suspect[rows] |= more & (tenth > 1)

    def _signed(self, present: Mask | None) -> Places:
        raw = self._number(present)
        if raw.dtype == np.uint8:
            return ZIGZAG[raw]
        if raw.dtype == np.uint16:
            return (raw >> 1).astype(np.int64) ^ -(raw & 1).astype(np.int64)
        return (raw >> np.uint64(1)).view(np.int64) ^ -(raw & np.uint64(1)).view(np.int64)

    def read_null(self, node: Node, present: Mask | None) -> Part:
        """A column of nothing, in no bytes."""
        return Part(node, np.zeros(0, np.uint8), present, rows=self._n)

    def read_boolean(self, node: Node, present: Mask | None) -> Part:
        """One byte, 0 or 1."""
        byte = self._block.buffer[self._at]
        if present is not None:
            byte *= present
        if self._n and byte.max() > 1:
            self._suspect |= byte > 1
        self._move(1, present, 1)
        return Part(node, np.packbits(byte == 1, bitorder="little"), present, rows=self._n)

    def read_int(self, node: Node, present: Mask | None) -> Part:
        """A number that must fit 32 bits."""
        raw = self._number(present)
        if raw.dtype == np.uint8:
            return Part(node, ZIGZAG_INT[raw], present, rows=self._n)
        if raw.dtype == np.uint64:
            high = raw >> np.uint64(32)
            if high.any():
                self._suspect |= high != 0
        short = raw.astype(np.uint32)
        value = (short >> np.uint32(1)).view(np.int32) ^ -(short & np.uint32(1)).view(np.int32)
        return Part(node, value, present, rows=self._n)

    def read_long(self, node: Node, present: Mask | None) -> Part:
        """A number of 64 bits."""
        return Part(node, self._signed(present), present, rows=self._n)

    def read_float(self, node: Node, present: Mask | None) -> Part:
        """Four bytes."""
        four = runs(self._block.buffer, 4)[self._at]
        return self._real(node, four.view("<f4"), 4, present)

    def read_double(self, node: Node, present: Mask | None) -> Part:
        """Eight bytes."""
        return self._real(node, self._eight[self._at].view("<f8"), 8, present)

    def _real(self, node: Node, value: NDArray[Any], width: int, present: Mask | None) -> Part:
        if present is not None:
            # What lies under a null is 0 and not a neighbour's bytes, so that whole columns can be tested for NaN.
            value[~present] = 0
        self._move(width, present, width)
        return Part(node, value, present, rows=self._n)

    def read_enum(self, node: Node, present: Mask | None) -> Part:
        """An index into the symbols."""
        index = self._signed(present)
        wrong = (index < 0) | (index >= len(node.symbols))
        if wrong.any():
            self._suspect |= wrong
            index[wrong] = 0
        text = pa.array(node.symbols, pa.string()).take(pa.array(index))
        _, offsets, data = text.buffers()
        return Part(node, data, present, offsets, rows=self._n)

    def read_fixed(self, node: Node, present: Mask | None) -> Part:
        """Bytes of a length that the schema gives."""
        length = np.full(self._n, node.size) if present is None else np.multiply(present, node.size)
        start, _ = self._span(length)
        return Part(node, runs(self._block.buffer, node.size)[start], present, rows=self._n)

    def read_bytes(self, node: Node, present: Mask | None) -> Part:
        """Bytes of a length that the message gives."""
        start, length = self._span(self._signed(present))
        data, offsets = gather(self._block, start, length)
        return Part(node, data, present, offsets, rows=self._n)

    def read_string(self, node: Node, present: Mask | None) -> Part:
        """Bytes that must be UTF-8."""
        start, length = self._span(self._signed(present))
        data, offsets = gather(self._block, start, length)
        if not is_text(self._n, data, offsets):
            wrong = not_text(self._block.data, start, length)
            self._suspect[wrong] = True
            length[wrong] = 0
            data, offsets = gather(self._block, start, length)
        return Part(node, data, present, offsets, rows=self._n)

    def _span(self, length: Places) -> tuple[Places, Places]:
        """Where the bytes of each row stand, all within its message; a length that is too much is taken as 0."""
        over = (length < 0) | (length > self._block.ends - self._at)
        if over.any():
            self._suspect |= over
            length = np.where(over, 0, length)
            self._at = np.where(over, self._block.ends, self._at)
        start = self._at.copy()
        self._at += length
        self._slack = SLACK
        return start, length


_READ = {
    "null": Cursor.read_null,
    "boolean": Cursor.read_boolean,
    "int": Cursor.read_int,
    "long": Cursor.read_long,
    "float": Cursor.read_float,
    "double": Cursor.read_double,
    "enum": Cursor.read_enum,
    "fixed": Cursor.read_fixed,
    "bytes": Cursor.read_bytes,
    "string": Cursor.read_string,
}
