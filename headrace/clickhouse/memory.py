"""Columns that the driver writes as they lie in memory.

The driver wants a Python object for each value, copies the lists twice and packs the values one by one, which for a
table of numbers took longer than all else that the sink does. A memoryview of the right type goes out as its bytes, and
Coded as its few values with the codes of the rows; all else is left to the driver.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from clickhouse_driver import Client
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.columns import service
from clickhouse_driver.streams import native

from headrace.clickhouse.coded import Coded

FORMATS = {"Float32": "f", "Float64": "d", "Int32": "i", "Int64": "q", "Bool": "?"}
FEW, INSTANT, NULLABLE = "LowCardinality(", "DateTime64(", "Nullable("
# What stands before the values of a LowCardinality: its version, and that they come with the block.
VERSION, WITH_VALUES = 1, 1 << 9 | 1 << 10


class ColumnarClient(Client):  # type: ignore[misc]
    """The driver's client, whose columnar inserts take memoryviews and Coded and are one block each."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        native.write_column = write_column

    def send_data(
        self, sample_block: Any, data: Sequence[Any], types_check: bool = False, columnar: bool = False
    ) -> int:
        """Send what is inserted; the number of rows."""
        if not columnar:
            return int(super().send_data(sample_block, data, types_check=types_check))
        # The driver puts values in place of nulls into the very lists that it is given.
        own = [column if isinstance(column, memoryview | Coded) else list(column) for column in data]
        block = ColumnOrientedBlock(sample_block.columns_with_types, own, types_check=types_check)
        # An empty block means the end of the data.
        for each in (block, ColumnOrientedBlock()) if block.num_rows else (ColumnOrientedBlock(),):
            self.connection.send_data(each)
            self.receive_profile_events()
        return int(block.num_rows)


def write_column(context: Any, name: str, spec: str, items: Any, buf: Any, types_check: bool = False) -> None:
    """Goes before the driver's function of this name; spec is the column's type in the table."""
    few = spec.startswith(FEW)
    plain = spec[len(FEW) : -1] if few else spec
    nullable = plain.startswith(NULLABLE)
    plain = plain[len(NULLABLE) : -1] if nullable else plain
    if few and isinstance(items, Coded) and plain == "String" and (nullable or None not in items.values):
        _write_coded(items, buf, nullable=nullable)
    # Not for something else of the same width, which would be other numbers without a word.
    elif not few and isinstance(items, memoryview) and _type_of(items) == _format(plain):
        # Before nullable ones a byte a row that says that it is not null.
        buf.write(bytes(len(items)) if nullable else b"")
        buf.write(items.tobytes())
    else:
        service.write_column(context, name, spec, _listed(items), buf, types_check=types_check)


def _write_coded(items: Coded, buf: Any, *, nullable: bool) -> None:
    """Where there may be nulls, the code 0 is theirs, and a value stands in its place that is never read."""
    there = [value for value in items.values if value is not None]
    numbers = iter(range(int(nullable), int(nullable) + len(there)))
    own = [0 if value is None else next(numbers) for value in items.values]
    written = [""] * nullable + there
    codes = np.array(own, np.min_scalar_type(len(written)))[np.asarray(items.codes)]
    width = codes.itemsize.bit_length() - 1
    buf.write(struct.pack("<qqq", VERSION, WITH_VALUES | width, len(written)))
    buf.write_strings(written, encoding="utf-8")
    buf.write(struct.pack("<q", len(items)))
    buf.write(codes.tobytes())


def _listed(items: Any) -> Any:
    return list(items) if isinstance(items, memoryview | Coded) else items


def _format(kind: str) -> str | None:
    return "q" if kind.startswith(INSTANT) else FORMATS.get(kind)


def _type_of(items: memoryview) -> str:
    """As the driver names it: numpy's long is its 8-byte integer."""
    return "q" if items.format == "l" and items.itemsize == 8 else items.format
