"""Columns in, N Avro messages out."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from headrace.wire.avro_schema import Node, parse_record
from headrace.wire.avro_segments import Segment, constant, join, pack
from headrace.wire.avro_write import write
from headrace.wire.errors import EncodingError

# Below so many rows writing them one by one is faster; measured.
SMALL_BATCH = 16


class ColumnEncoder:
    """Writes messages of one schema. A value that is not an Arrow array is the same in every row."""

    def __init__(self, schema: Mapping[str, Any], *, small_batch: int = SMALL_BATCH) -> None:
        self._record = parse_record(schema)
        self._small = small_batch

    def encode(self, columns: Mapping[str, Any], n: int, prefix: bytes = b"") -> list[bytes]:
        """N messages, each behind the prefix; raises EncodingError naming a column that does not fit its field."""
        for field in self._record.fields:
            value = columns.get(field.name, self)
            if value is self:
                raise EncodingError(f"the column {field.name} is missing")
            if isinstance(value, pa.Array) and len(value) != n:
                raise EncodingError(f"the column {field.name} has {len(value)} rows, not {n}")
        return self._one_by_one(columns, n, prefix) if n < self._small else self._in_step(columns, n, prefix)

    def _in_step(self, columns: Mapping[str, Any], n: int, prefix: bytes) -> list[bytes]:
        segments: list[Segment] = [constant(prefix)]
        for field in self._record.fields:
            value = columns[field.name]
            try:
                segments += (
                    pack(field.node, value) if isinstance(value, pa.Array) else [constant(write(field.node, value))]
                )
            except (TypeError, ValueError, OverflowError, pa.ArrowException) as error:
                raise EncodingError(f"the column {field.name} does not fit its field: {error}") from error
        return join(segments, n)

    def _one_by_one(self, columns: Mapping[str, Any], n: int, prefix: bytes) -> list[bytes]:
        parts = [_texts(field.name, field.node, columns[field.name], n) for field in self._record.fields]
        return [b"".join((prefix, *row)) for row in zip(*parts, strict=True)]


def _texts(name: str, node: Node, value: Any, n: int) -> list[bytes]:
    try:
        if not isinstance(value, pa.Array):
            return [write(node, value)] * n
        values = plain(node, value).to_pylist()
        if node.kind == "array" and not pa.types.is_nested(value.type):
            values = [[each] for each in values]
        return [write(node, each) for each in values]
    except (TypeError, ValueError, OverflowError, pa.ArrowException) as error:
        raise EncodingError(f"the column {name} does not fit its field: {error}") from error


def plain(node: Node, array: pa.Array) -> pa.Array:
    """Times as the numbers they are written as; everything else as it is."""
    return array.cast(node.arrow).view(node.physical) if pa.types.is_temporal(array.type) else array
