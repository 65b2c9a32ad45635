"""What must hold of a request whatever its format was; whole columns first, rows only where a column is not sound."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

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
_TICKS = {"timestamp-millis": 1_000.0, "timestamp-micros": 1_000_000.0, "date": 1 / 86_400}
_DTYPES = {"int": np.int32, "long": np.int64, "float": np.float32, "double": np.float64}


class RequestChecks:
    """The checks of one model's requests."""

    def __init__(self, leaves: tuple[Leaf, ...]) -> None:
        self._required = tuple(leaf.path for leaf in leaves if not leaf.node.nullable)
        self._real = tuple(leaf for leaf in leaves if leaf.node.kind in ("float", "double"))
        self._times = tuple((leaf, *_bounds(leaf)) for leaf in leaves if leaf.node.logical in _TICKS)

    def check(self, columns: dict[str, pa.Array], reasons: dict[int, str]) -> dict[str, pa.Array]:
        """Add a reason for each row that is not sound (the first found counts); an unusable request_id becomes null."""
        self.check_features(columns, reasons)
        return {**columns, "request_id": _ids(columns["request_id"], reasons)}

    def check_features(self, columns: Mapping[str, pa.Array], reasons: dict[int, str]) -> None:
        """What must hold wherever rows come from: no null, NaN, infinity or impossible time where none may be."""
        for path in self._required:
            if columns[path].null_count:
                _add(reasons, ~valid(columns[path]), missing(path, "is null"))
        for leaf in self._real:
            _finite(leaf, columns[leaf.path], reasons)
        for leaf, first, last in self._times:
            _in_time(leaf, columns[leaf.path], first, last, reasons)


def nulled(columns: Mapping[str, pa.Array], rows: Iterable[int], length: int) -> dict[str, pa.Array]:
    """The same columns with nulls in some rows."""
    keep = np.ones(length, np.bool_)
    keep[np.fromiter(rows, np.int64)] = False
    return {name: _masked(array, keep) for name, array in columns.items()}


def valid(array: pa.Array) -> NDArray[np.bool_]:
    """Which rows are not null."""
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _masked(array: pa.Array, keep: NDArray[np.bool_]) -> pa.Array:
    present = keep & valid(array) if array.null_count else keep
    validity = np.packbits(np.concatenate([np.zeros(array.offset, np.bool_), present]), bitorder="little")
    buffers = [pa.py_buffer(validity), *array.buffers()[1:]]
    return pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)


def _values(leaf: Leaf, array: pa.Array) -> NDArray[Any]:
    """The numbers of a column, whatever stands under its nulls."""
    data = np.frombuffer(array.buffers()[1], _DTYPES[leaf.node.kind])
    return data[array.offset : array.offset + len(array)]


def _add(reasons: dict[int, str], rows: NDArray[np.bool_], why: str) -> None:
    for row in np.flatnonzero(rows).tolist():
        reasons.setdefault(row, why)


def _finite(leaf: Leaf, array: pa.Array, reasons: dict[int, str]) -> None:
    values = _values(leaf, array)
    finite = np.isfinite(values)
    if finite.all():
        return
    for row in np.flatnonzero(~finite & valid(array)).tolist():
        what = "NaN" if np.isnan(values[row]) else "infinite"
        reasons.setdefault(row, Code.INVALID_FEATURE.because(f"{leaf.field.name} is {what}"))


def _bounds(leaf: Leaf) -> tuple[int, int]:
    ticks = _TICKS[leaf.node.logical or ""]
    return int(EARLIEST.timestamp() * ticks), int(LATEST.timestamp() * ticks)


def _in_time(leaf: Leaf, array: pa.Array, first: int, last: int, reasons: dict[int, str]) -> None:
    values = _values(leaf, array)
    if not len(values) or (values.min() >= first and values.max() <= last):
        return
    code = Code.INVALID_TIME if leaf.path == "event_time" else Code.INVALID_FEATURE
    why = code.because(f"{leaf.field.name} is not between {EARLIEST:%Y} and {LATEST:%Y}")
    _add(reasons, valid(array) & ((values < first) | (values > last)), why)


def _ids(ids: pa.Array, reasons: dict[int, str]) -> pa.Array:
    length = np.diff(np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1])
    if not len(ids) or (not ids.null_count and length.min() > 0 and length.max() <= LONGEST_ID):
        return ids
    known = valid(ids)
    empty = known & (length == 0)
    long = known & (pc.utf8_length(ids).fill_null(0).to_numpy() > LONGEST_ID)
    _add(reasons, empty, Code.INVALID_ID.because("request_id is empty"))
    _add(reasons, long, Code.INVALID_ID.because(f"request_id has more than {LONGEST_ID} characters"))
    return pc.if_else(pa.array(empty | long), pa.scalar(None, pa.string()), ids)
