"""Numbers that the driver writes as they lie in memory.

The driver wants a Python object for each value, copies the lists twice and packs the values one by one, which for a
table of numbers took longer than all else that the sink does. A memoryview of the right type goes out as its bytes; all
else is left to the driver.
"""

from collections.abc import Sequence
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.columns import floatcolumn, intcolumn, service


class ColumnarClient(Client):  # type: ignore[misc]
    """The driver's client, whose columnar inserts take memoryviews and are one block each."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        service.column_by_type.update({column.ch_type: column for column in (Float32, Float64, Int32, Int64)})

    def send_data(
        self, sample_block: Any, data: Sequence[Any], types_check: bool = False, columnar: bool = False
    ) -> int:
        """Send what is inserted; the number of rows."""
        if not columnar:
            return int(super().send_data(sample_block, data, types_check=types_check))
        # The driver puts values in place of nulls into the very lists that it is given.
        own = [column if isinstance(column, memoryview) else list(column) for column in data]
        block = ColumnOrientedBlock(sample_block.columns_with_types, own, types_check=types_check)
        # An empty block means the end of the data.
        for each in (block, ColumnOrientedBlock()) if block.num_rows else (ColumnOrientedBlock(),):
            self.connection.send_data(each)
            self.receive_profile_events()
        return int(block.num_rows)


class FromMemory:
    """Goes before a column class of the driver."""

    format: str
    nullable: bool

    def write_data(self, items: Any, buf: Any) -> None:
        """Write a column."""
        # Not for something else of the same width, which would be other numbers without a word.
        if not isinstance(items, memoryview) or _type_of(items) != self.format:
            super().write_data(items, buf)  # type: ignore[misc]
            return
        if self.nullable:
            # A byte a row that says that it is not null.
            buf.write(bytes(len(items)))
        buf.write(items.tobytes())


class Float32(FromMemory, floatcolumn.Float32Column):  # type: ignore[misc]
    """4 bytes."""


class Float64(FromMemory, floatcolumn.Float64Column):  # type: ignore[misc]
    """8 bytes."""


class Int32(FromMemory, intcolumn.Int32Column):  # type: ignore[misc]
    """4 bytes."""


class Int64(FromMemory, intcolumn.Int64Column):  # type: ignore[misc]
    """8 bytes."""


def _type_of(items: memoryview) -> str:
    """As the driver names it: numpy's long is its 8-byte integer."""
    return "q" if items.format == "l" and items.itemsize == 8 else items.format
