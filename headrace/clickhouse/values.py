"""Arrow columns as the driver takes them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NUMBERS = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)


def values(column: pa.ChunkedArray) -> Sequence[Any]:
    """Numbers, also instants as ticks, as they lie in memory (see memory.py), else Python values."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date64(column.type):
        column = column.cast(pa.int64())
    if column.null_count == 0 and any(number(column.type) for number in NUMBERS):
        plain: Sequence[Any] = memoryview(column.to_numpy())
        return plain
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    found: Sequence[Any] = column.to_pylist()
    return found
