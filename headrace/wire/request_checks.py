"""What must hold of a request whatever its format was; whole columns first, rows only where a column is not sound."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.wire.avro_schema import Leaf
from headrace.wire.reasons import Code
from headrace.wire.resolve import missing

LONGEST_ID = 256
# What a ClickHouse Date32 or DateTime64 can hold; a time outside would be stored as another one.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)
_SECONDS = {"s": 1, "ms": 1_000, "us": 1_000_000}
_DAY = 86_400


def check(leaves: tuple[Leaf, ...], columns: dict[str, pa.Array], reasons: dict[int, str]) -> dict[str, pa.Array]:
    """Add a reason for each row that is not sound (the first found counts); an unusable request_id becomes null."""
    for leaf in leaves:
        array = columns[leaf.path]
        if not leaf.node.nullable and array.null_count:
            _add(reasons, np.flatnonzero(~valid(array)), missing(leaf.path, "is null"))
        if pa.types.is_floating(array.type):
            _finite(leaf, array, reasons)
        elif pa.types.is_temporal(array.type):
            _in_time(leaf, array, reasons)
    return {**columns, "request_id": _ids(columns["request_id"], reasons)}


def nulled(columns: Mapping[str, pa.Array], rows: Iterable[int], length: int) -> dict[str, pa.Array]:
    """The same columns with nulls in some rows."""
    keep = np.ones(length, np.bool_)
    keep[np.fromiter(rows, np.int64)] = False
    return {name: _masked(array, keep) for name, array in columns.items()}


def valid(array: pa.Array) -> NDArray[np.bool_]:
    """Which rows are not null."""
    return array.is_valid().to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _masked(array: pa.Array, keep: NDArray[np.bool_]) -> pa.Array:
    if pa.types.is_null(array.type):
        return array
    if array.offset:
        array = pa.concat_arrays([array, array.slice(0, 0)])
    present = keep & valid(array) if array.null_count else keep
    buffers = [pa.py_buffer(np.packbits(present, bitorder="little")), *array.buffers()[1:]]
    return pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)


def _add(reasons: dict[int, str], rows: NDArray[np.int64], why: str) -> None:
    for row in rows.tolist():
        reasons.setdefault(row, why)


def _finite(leaf: Leaf, array: pa.Array, reasons: dict[int, str]) -> None:
    values = np.frombuffer(array.buffers()[1], array.type.to_pandas_dtype())[array.offset : array.offset + len(array)]
    if np.isfinite(values).all():
        return
    for row in np.flatnonzero(~np.isfinite(values) & valid(array)).tolist():
        what = "NaN" if np.isnan(values[row]) else "infinite"
        reasons.setdefault(row, Code.INVALID_FEATURE.because(f"{leaf.field.name} is {what}"))


def _in_time(leaf: Leaf, array: pa.Array, reasons: dict[int, str]) -> None:
    if pa.types.is_time(array.type):
        return
    ticks = array.view(leaf.node.physical)
    a_second = _SECONDS[array.type.unit] if pa.types.is_timestamp(array.type) else 1 / _DAY
    first, last = int(EARLIEST.timestamp() * a_second), int(LATEST.timestamp() * a_second)
    bounds = pc.min_max(ticks)
    if bounds["min"].as_py() is None or (first <= bounds["min"].as_py() and bounds["max"].as_py() <= last):
        return
    outside = pc.or_(pc.less(ticks, first), pc.greater(ticks, last)).fill_null(False)
    code = Code.INVALID_TIME if leaf.path == "event_time" else Code.INVALID_FEATURE
    why = code.because(f"{leaf.field.name} is not between {EARLIEST:%Y} and {LATEST:%Y}")
    _add(reasons, np.flatnonzero(outside.to_numpy(zero_copy_only=False)), why)


def _ids(ids: pa.Array, reasons: dict[int, str]) -> pa.Array:
    length = pc.binary_length(ids)
    bounds = pc.min_max(length)
    if bounds["min"].as_py() is None or (bounds["min"].as_py() > 0 and bounds["max"].as_py() <= LONGEST_ID):
        return ids
    empty, long = pc.equal(length, 0), pc.greater(pc.utf8_length(ids), LONGEST_ID)
    _add(
        reasons,
        np.flatnonzero(empty.fill_null(False).to_numpy(zero_copy_only=False)),
        Code.INVALID_ID.because("request_id is empty"),
    )
    why = Code.INVALID_ID.because(f"request_id has more than {LONGEST_ID} characters")
    _add(reasons, np.flatnonzero(long.fill_null(False).to_numpy(zero_copy_only=False)), why)
    return pc.if_else(pc.or_(empty, long), pa.scalar(None, pa.string()), ids)
