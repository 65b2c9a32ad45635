"""Arrow columns as the driver takes them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def values(column: pa.ChunkedArray) -> Sequence[Any]:
    """Numbers as they lie in memory (see memory.py), instants as ticks, else Python values."""
    if column.null_count == 0 and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        plain: Sequence[Any] = memoryview(column.to_numpy())
        return plain
    if pa.types.is_timestamp(column.type) or pa.types.is_date64(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    found: Sequence[Any] = column.to_pylist()
    return found
