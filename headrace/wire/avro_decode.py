"""N Avro messages in, one Arrow array a field out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.wire.avro_columns import Cursor, covers
from headrace.wire.avro_parts import column
from headrace.wire.avro_rows import Malformed, walker
from headrace.wire.avro_schema import Leaf, leaves, parse_record
from headrace.wire.avro_values import array_of
from headrace.wire.block import Block, Places
from headrace.wire.reasons import Code

# Where walking all messages in step becomes faster than one after the other; measured with 21 fields.
SMALL_BATCH = 28
# Arrow's offsets have 32 bits.
MOST_BYTES = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """Why one message could not be read to its end, and at which field."""

    reason: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Columns by dotted name, all of the same length; a bad row is null from the field where it failed."""

    columns: dict[str, pa.Array]
    bad: dict[int, BadRow]


class ColumnDecoder:
    """Reads messages written with one schema. Bytes of one message never show in another one's row."""

    def __init__(self, writer_schema: Mapping[str, Any], *, small_batch: int = SMALL_BATCH) -> None:
        self._record = parse_record(writer_schema)
        self.leaves: tuple[Leaf, ...] = tuple(leaves(self._record))
        self._walk = walker(self._record)
        self._small = small_batch if covers(self.leaves) else None

    def decode(self, payloads: Sequence[bytes], skip: int = 0) -> Decoded:
        """Read whole messages, each behind `skip` bytes of framing."""
        return self.decode_block(Block.of(payloads).skip(skip))

    def decode_block(self, block: Block) -> Decoded:
        """Read the messages of a block; raises nothing for what is in them."""
        if self._small is None or len(block) < self._small or len(block.data) > MOST_BYTES:
            return self._one_by_one(block)
        return self._in_step(block)

    def _in_step(self, block: Block) -> Decoded:
        cursor = Cursor(block)
        cursor.record(self._record)
        suspects = cursor.finish()
        failed: Places | None = None
        bad: dict[int, BadRow] = {}
        for row in suspects:
            values, fault = self._row(block, row)
            if fault is not None:
                failed = np.full(len(block), len(self.leaves)) if failed is None else failed
                failed[row], bad[row] = len(values), fault
        columns = {
            leaf.path: column(part, None if failed is None else failed > index)
            for index, (leaf, part) in enumerate(zip(self.leaves, cursor.parts, strict=True))
        }
        return Decoded(columns=columns, bad=bad)

    def _one_by_one(self, block: Block) -> Decoded:
        bad: dict[int, BadRow] = {}
        rows: list[list[Any]] = []
        for row in range(len(block)):
            values, fault = self._row(block, row)
            if fault is not None:
                bad[row] = fault
                values.extend([None] * (len(self.leaves) - len(values)))
            rows.append(values)
        by_column = zip(*rows, strict=True) if rows else ((),) * len(self.leaves)
        columns = {leaf.path: array_of(leaf.node, values) for leaf, values in zip(self.leaves, by_column, strict=True)}
        return Decoded(columns=columns, bad=bad)

    def _row(self, block: Block, row: int) -> tuple[list[Any], BadRow | None]:
        values: list[Any] = []
        start, end = int(block.starts[row]), int(block.ends[row])
        try:
            at = self._walk(block.data, start, end, values)
        except Malformed as fault:
            return values, BadRow(reason=fault.code.because(f"{fault.field}: {fault.detail}"), field=fault.field)
        except RecursionError:
            return values, BadRow(reason=Code.MALFORMED.because("records nested too deep"), field="")
        if at != end:
            # Also for a message shorter than its framing, which starts behind its end.
            code = Code.TRAILING_BYTES if at < end else Code.TRUNCATED
            return values, BadRow(reason=code.because(f"{abs(end - at)} bytes after the last field"), field="")
        return values, None
