"""From a file's columns to a model's history: each value converted, each bad row told by its place; pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.features import Feature, FeatureSet
from headrace.wire.avro_schema import leaves, parse_record
from trainer.importing.files import Piece

INSTANT = pa.timestamp("ms", tz="UTC")
NEEDED = ("event_time", "label")
OPTIONAL = ("request_id", "entity", "label_time")
UNSEEN = "�"
# Digits of a second's fraction beyond those that a column holds, which Arrow would refuse.
BEYOND = {"ms": r"(\.\d{3})\d+", "us": r"(\.\d{6})\d+"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """Why a row was left out."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a model's history consists of. zone is that of instants without one; empty means that they are refused."""

    task: str
    features: FeatureSet
    zone: str
    source: str

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that a file may bring."""
        return (*NEEDED, *OPTIONAL, *self.features.names)

    @property
    def needed(self) -> tuple[str, ...]:
        """Those that it must bring."""
        return (*NEEDED, *(one.name for one in self.features.features if not (one.nullable or one.has_default)))


def checked(piece: Piece, layout: Layout) -> tuple[pa.Table, list[Bad]]:
    """The rows that are whole, as the history's table takes them, and the others."""
    reading = _Reading(piece, layout.zone)
    found: dict[str, pa.Array] = {}
    for name, kind in _kinds(layout).items():
        found[name] = reading.column(name, kind)
    _own(found, piece, layout, reading)
    for feature in layout.features.features:
        found[feature.name] = _feature(feature, found[feature.name], reading)
    bad = [Bad(row=number, column="", reason=why) for number, why in piece.spoilt.items()]
    bad += [Bad(row=int(piece.numbers[row]), column=column, reason=why) for row, (column, why) in reading.bad.items()]
    keep = np.ones(len(piece.numbers), bool)
    keep[list(reading.bad)] = False
    return pa.table(found).filter(pa.array(keep)), sorted(bad, key=lambda one: one.row)


class _Reading:
    """One piece being converted; the first thing wrong with a row is what is told of it."""

    def __init__(self, piece: Piece, zone: str) -> None:
        self._piece, self._zone = piece, zone
        self.rows = len(piece.numbers)
        self.bad: dict[int, tuple[str, str]] = {}

    def refuse(self, rows: NDArray[np.bool_] | pa.Array, column: str, why: Callable[[int], str] | str) -> None:
        """These rows cannot be used."""
        mask = rows if isinstance(rows, np.ndarray) else rows.fill_null(False).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(mask).tolist():
            self.bad.setdefault(row, (column, why if isinstance(why, str) else why(row)))

    def column(self, name: str, kind: pa.DataType) -> pa.Array:
        """A column in its type, null where the file has none or where it cannot be converted."""
        if name not in self._piece.rows.column_names:
            return pa.nulls(self.rows, kind)
        raw = self._piece.rows[name].combine_chunks()
        if pa.types.is_dictionary(raw.type):
            raw = raw.cast(raw.type.value_type)
        try:
            return self._cast(raw, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return self._one_by_one(name, raw, kind)

    def _one_by_one(self, name: str, raw: pa.Array, kind: pa.DataType) -> pa.Array:
        values = []
        for row in range(self.rows):
            one = raw.slice(row, 1)
            try:
                values.append(self._cast(one, kind))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                self.bad.setdefault(row, (name, self._explained(one, kind)))
                values.append(pa.nulls(1, kind))
        return pa.concat_arrays(values) if values else pa.nulls(0, kind)

    def _explained(self, one: pa.Array, kind: pa.DataType) -> str:
        value = one[0].as_py()
        if kind == INSTANT and not self._zone and self._without_zone(one):
            return f"{value} has no time zone; say which is meant, for instance --zone UTC"
        return f"{value!r} is not {_called(kind)}"

    def _without_zone(self, one: pa.Array) -> bool:
        try:
            return pa.types.is_timestamp(one.type) or one.cast(pa.timestamp("ms")) is not None
        except pa.ArrowInvalid:
            return False

    def _cast(self, raw: pa.Array, kind: pa.DataType) -> pa.Array:
        if not pa.types.is_timestamp(kind):
            return raw.cast(kind)
        if pa.types.is_timestamp(raw.type) and raw.type.tz is not None:
            return _cut(raw, kind)
        if pa.types.is_string(raw.type):
            raw = pc.replace_substring_regex(raw, BEYOND[kind.unit], r"\1")
            try:
                return raw.cast(kind)
            except pa.ArrowInvalid:
                if not self._zone:
                    raise
        elif not (pa.types.is_timestamp(raw.type) or pa.types.is_date(raw.type)) or not self._zone:
            raise pa.ArrowInvalid("no instant, or one without a zone")
        plain = _cut(raw, pa.timestamp(kind.unit))
        return pc.assume_timezone(plain, self._zone, ambiguous="earliest", nonexistent="latest").cast(kind)


def _cut(raw: pa.Array, kind: pa.DataType) -> pa.Array:
    """To instants; of a second's fraction only what the column holds."""
    return raw.cast(options=pc.CastOptions(kind, allow_time_truncate=True))


def _kinds(layout: Layout) -> dict[str, pa.DataType]:
    label = pa.float64() if layout.task == "regression" else pa.bool_()
    own = {"request_id": pa.string(), "entity": pa.string(), "event_time": INSTANT, "label": label}
    features = {leaf.path: leaf.node.arrow for leaf in leaves(parse_record(layout.features.schema))}
    return own | {"label_time": INSTANT} | features


def _own(found: dict[str, pa.Array], piece: Piece, layout: Layout, reading: _Reading) -> None:
    """Complete what a file may leave out: an id from the row's place, and a label known at once."""
    for name in NEEDED:
        reading.refuse(found[name].is_null(), name, "it is empty")
    label = found["label"].cast(pa.float64())
    reading.refuse(~np.isfinite(label.fill_null(0).to_numpy(zero_copy_only=False)), "label", "it is not finite")
    places = pa.array([f"{layout.source}:{number}" for number in piece.numbers.tolist()], pa.string())
    found["label"] = label
    found["request_id"] = pc.coalesce(found["request_id"], places)
    found["label_time"] = pc.coalesce(found["label_time"], found["event_time"])
    reading.refuse(pc.less(found["label_time"], found["event_time"]), "label_time", "it is before event_time")
    found["imported_from"] = pa.array([layout.source] * reading.rows, pa.string())


def _feature(feature: Feature, column: pa.Array, reading: _Reading) -> pa.Array:
    if feature.has_default and feature.default is not None:
        column = column.fill_null(pa.scalar(feature.default, column.type))
    if not feature.nullable:
        reading.refuse(column.is_null(), feature.name, "it is empty and may not be")
    if pa.types.is_floating(column.type):
        strange = ~np.isfinite(column.fill_null(0).to_numpy(zero_copy_only=False))
        reading.refuse(strange, feature.name, "NaN or infinity; what is missing is empty")
    if feature.symbols:
        strangers = pc.invert(pc.is_in(column, value_set=pa.array([*feature.symbols, None], column.type)))
        reading.refuse(strangers, feature.name, lambda row: f"{column[row].as_py()!r} is no symbol of its enum")
    if feature.kind == "string":
        reading.refuse(pc.match_substring(column, UNSEEN), feature.name, "text that is not UTF-8")
    return column


def _called(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "true or false"
    if pa.types.is_timestamp(kind):
        return "an instant in ISO 8601"
    if pa.types.is_date(kind):
        return "a date in ISO 8601"
    return f"a number of the type {kind}" if pa.types.is_primitive(kind) else f"a {kind}"


def digests(rows: pa.Table) -> list[int]:
    """64 bits for each row, over all of its values: equal rows have equal ones."""
    texts = [rows[name].cast(pa.string()) for name in sorted(rows.column_names)]
    joined = pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
    return [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") for text in joined.to_pylist()]


def missing(layout: Layout, names: Sequence[str], mapped: Mapping[str, str]) -> list[str]:
    """What stands between a file's columns and the layout, each in words."""
    faults = [f"there is no column {source} (for {name})" for name, source in mapped.items() if source not in names]
    faults += [f"{name} is no column of the model's history" for name in mapped if name not in layout.columns]
    have = {name for name in layout.columns if mapped.get(name, name) in names}
    lacking = [name for name in layout.needed if name not in have and name not in mapped]
    if lacking:
        faults.append(
            f"columns are missing: {', '.join(lacking)}; --map NAME=COLUMN names one that is called otherwise"
        )
    return faults
