"""Whether an input's columns fit a model's features: by type before a job starts, value by value in a part."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headrace.batch.formats.piece import Columns, Piece
from headrace.features import Feature, FeatureSet
from headrace.wire.avro_schema import Leaf, leaves, parse_record
from headrace.wire.reasons import Code
from headrace.wire.request import FEATURES
from headrace.wire.request_checks import RequestChecks

NUMBERS = ("int", "long", "float", "double")
TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
SHOWN = 80


def faults(columns: Columns, features: FeatureSet, mapped: Mapping[str, str]) -> list[str]:
    """What stands between a source and the model, each in words."""
    found = []
    for feature in features.features:
        name = mapped[feature.name]
        if name not in columns.schema.names:
            more = "" if name == feature.name else f" (named for the feature {feature.name})"
            hint = "; --columns NAME=FEATURE names one that is called otherwise" if name == feature.name else ""
            found.append(f"the column {name} is missing{more}{hint}")
        elif columns.typed and not _fits(columns.schema.field(name).type, feature):
            kind = columns.schema.field(name).type
            found.append(f"the column {name} is {kind}, but the feature is {_called(feature)}")
    return found


def required_nulls(columns: Columns, features: FeatureSet, mapped: Mapping[str, str]) -> dict[str, int]:
    """How many nulls there are known to be where none may be, by column."""
    required = [mapped[feature.name] for feature in features.features if not feature.nullable]
    return {name: columns.nulls[name] for name in required if columns.nulls.get(name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The features of a piece as the real-time path's columns, and why some of its rows cannot be scored."""

    columns: dict[str, pa.Array]
    reasons: dict[int, str]


class Fitting:
    """Makes features of pieces; what they must fulfil is what a request must."""

    def __init__(self, features: FeatureSet, mapped: Mapping[str, str]) -> None:
        self._leaves = tuple(leaves(parse_record(features.schema), FEATURES))
        self._features = {feature.name: feature for feature in features.features}
        self._mapped = mapped
        self._checks = RequestChecks(self._leaves)

    def fit(self, piece: Piece) -> Fitted:
        """Raises nothing for what is in the rows; the first reason of a row counts."""
        reasons = dict(piece.spoilt)
        columns = {leaf.path: self._column(leaf, piece.rows, reasons) for leaf in self._leaves}
        self._checks.check_features(columns, reasons)
        return Fitted(columns={path.removeprefix(FEATURES): c for path, c in columns.items()}, reasons=reasons)

    def by_source(self, fitted: Fitted) -> dict[str, pa.Array]:
        """The features by the names of the columns that they were made of."""
        return {self._mapped[name]: column for name, column in fitted.columns.items()}

    def _column(self, leaf: Leaf, rows: pa.RecordBatch, reasons: dict[int, str]) -> pa.Array:
        name = leaf.field.name
        raw, feature = rows.column(self._mapped[name]), self._features[name]
        if pa.types.is_dictionary(raw.type):
            raw = raw.cast(raw.type.value_type)
        bad: dict[int, str] = {}
        made = raw if raw.type == leaf.node.arrow else _cast(raw, leaf, 0, bad)
        if feature.symbols:
            _symbols(feature, made, bad)
        for row, value in bad.items():
            reasons.setdefault(row, Code.INVALID_FEATURE.because(f"{name} is {value}, not {_called(feature)}"))
        return made


def _symbols(feature: Feature, column: pa.Array, bad: dict[int, str]) -> None:
    known = pc.is_in(column, value_set=pa.array([*feature.symbols, None], pa.string()))
    if not pc.all(known).as_py():
        for row in pc.indices_nonzero(pc.invert(known)).to_pylist():
            bad.setdefault(row, _quoted(column[row]))


def _cast(raw: pa.Array, leaf: Leaf, start: int, bad: dict[int, str]) -> pa.Array:
    """A column in the feature's type; rows that cannot be are null, and halves are looked at until they are found."""
    try:
        return _cast_all(raw, leaf)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(raw) == 1:
            bad[start] = _quoted(raw[0])
            return pa.nulls(1, leaf.node.arrow)
    half = len(raw) // 2
    return pa.concat_arrays([_cast(raw[:half], leaf, start, bad), _cast(raw[half:], leaf, start + half, bad)])


def _cast_all(raw: pa.Array, leaf: Leaf) -> pa.Array:
    kind, node = leaf.node.arrow, leaf.node
    if kind != node.physical and pa.types.is_integer(raw.type):
        return raw.cast(node.physical).view(kind)
    if pa.types.is_floating(kind) and pa.types.is_integer(raw.type):
        return raw.cast(kind, safe=False)
    if kind != node.physical and raw.type == pa.string():
        try:
            return raw.cast(kind)
        except pa.ArrowInvalid:
            return raw.cast(node.physical).view(kind)
    return raw.cast(kind)


def _fits(kind: pa.DataType, feature: Feature) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if feature.categorical:
        return any(is_text(kind) for is_text in TEXT)
    if feature.logical:
        instant = pa.types.is_timestamp(kind) and kind.tz is not None
        own = pa.types.is_date(kind) if feature.logical == "date" else instant
        return bool(own or pa.types.is_integer(kind) or pa.types.is_null(kind))
    if feature.kind in NUMBERS:
        number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        return bool(number or pa.types.is_null(kind))
    return bool(pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _called(feature: Feature) -> str:
    if feature.kind == "enum":
        return f"one of {', '.join(feature.symbols[:9])}{', …' if len(feature.symbols) > 9 else ''}"
    if feature.logical:
        return "a date" if feature.logical == "date" else "an instant with its time zone"
    return {"string": "text", "boolean": "true or false"}.get(feature.kind, f"a number ({feature.kind})")


def _quoted(value: pa.Scalar) -> str:
    text = repr(value.as_py())
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
