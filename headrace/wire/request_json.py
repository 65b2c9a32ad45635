"""Requests as JSON: validated while they are parsed, then turned into the same columns as Avro's."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Optional, Union

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Meta

from headrace.wire.avro_schema import Leaf, Node
from headrace.wire.reasons import Code

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_ZERO = date(1970, 1, 1)
HEAD = 65_536
PREFIX = "features."

_INT = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_LONG = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_INSTANT = Union[_LONG, Annotated[datetime, Meta(tz=True)]]  # noqa: UP007
_DAY = Union[_INT, date]  # noqa: UP007
_TYPES: dict[str, Any] = {
    "boolean": bool,
    "int": _INT,
    "long": _LONG,
    "float": float,
    "double": float,
    "string": str,
}
_TICK = {"ms": timedelta(milliseconds=1), "us": timedelta(microseconds=1)}

# The top-level request_id of an object that does not parse: nothing nested may stand before it. Possessive throughout,
# so that it runs once over what the client sent, whatever that is.
_TEXT = rb'"(?:[^"\\]|\\.)*+"'
_MEMBER = rb"\s*+" + _TEXT + rb"\s*+:\s*+(?:" + _TEXT + rb'|[^\s",:{}\[\]]++)\s*+,'
_ID = re.compile(rb'\{(?:(?!\s*+"request_id")' + _MEMBER + rb')*+\s*+"request_id"\s*+:\s*+(' + _TEXT + rb")", re.DOTALL)
NOT_READ = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Identified(msgspec.Struct):
    request_id: str


class JsonRequests:
    """Reads JSON requests of one model."""

    def __init__(self, leaves: tuple[Leaf, ...]) -> None:
        self._outer = tuple(leaf for leaf in leaves if not leaf.path.startswith(PREFIX))
        self._inner = tuple(leaf for leaf in leaves if leaf.path.startswith(PREFIX))
        features = _struct("Features", self._inner)
        request = _struct("Request", self._outer, features)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(request).decode
        self._salvage = msgspec.json.Decoder(_Identified).decode

    def read(self, values: Sequence[bytes]) -> tuple[dict[str, pa.Array], dict[int, str]]:
        """Columns by path, nulls in rows that were not understood, and why they were not."""
        try:
            rows = list(map(self._decode, values))
        except NOT_READ:
            return self._one_by_one(values)
        return self._columns(rows), {}

    def _one_by_one(self, values: Sequence[bytes]) -> tuple[dict[str, pa.Array], dict[int, str]]:
        reasons: dict[int, str] = {}
        rows: list[Any] = []
        for row, value in enumerate(values):
            try:
                rows.append(self._decode(value))
            except NOT_READ as error:
                rows.append(None)
                reasons[row] = _reason(error, value)
        columns = _spread(self._columns([row for row in rows if row is not None]), [row is not None for row in rows])
        columns["request_id"] = self._identify(columns["request_id"], values, reasons)
        return columns, reasons

    def _columns(self, rows: list[Any]) -> dict[str, pa.Array]:
        *outer, features = _by_column(rows, len(self._outer) + 1)
        cells = zip(self._outer + self._inner, (*outer, *_by_column(features, len(self._inner))), strict=True)
        return {leaf.path: _column(leaf.node, values) for leaf, values in cells}

    def _identify(self, ids: pa.Array, values: Sequence[bytes], reasons: dict[int, str]) -> pa.Array:
        known = ids.to_pylist()
        for row in reasons:
            known[row] = self._salvaged(values[row])
        return pa.array(known, pa.string())

    def _salvaged(self, value: bytes) -> str | None:
        try:
            return str(self._salvage(value).request_id)
        except NOT_READ:
            found = _ID.match(value, 0, HEAD)
        try:
            return str(msgspec.json.decode(found[1], type=str)) if found else None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None


def _reason(error: Exception, value: bytes) -> str:
    if isinstance(error, msgspec.ValidationError):
        return explain(str(error))
    if isinstance(error, UnicodeDecodeError):
        return Code.MALFORMED.because("text that is not UTF-8")
    if isinstance(error, RecursionError):
        return Code.MALFORMED.because("JSON nested too deep")
    # A number of which only the sign, the point or the e is there is invalid where the bytes end.
    cut_off = "truncated" in str(error) or str(error).endswith(f"(byte {len(value)})")
    return (Code.TRUNCATED if cut_off else Code.MALFORMED).because(str(error))


def explain(message: str) -> str:
    """A validator's message behind the code that it belongs to."""
    inside = "$.features." in message or "$.features`" in message
    if message.startswith("Object missing required"):
        code = Code.MISSING_FEATURE if inside else Code.MISSING_FIELD
    elif message.startswith("Object contains unknown"):
        code = Code.UNEXPECTED_FIELD
    elif "got `null`" in message and inside:
        code = Code.MISSING_FEATURE
    elif "$.event_time" in message:
        code = Code.INVALID_TIME
    elif "$.request_id" in message:
        code = Code.INVALID_ID
    else:
        code = Code.INVALID_FEATURE if inside else Code.INVALID_FIELD
    return code.because(message)


def _struct(name: str, leaves: tuple[Leaf, ...], features: Any = None) -> Any:
    """A type that reads one record; the features, where it has them, come last.

    Its members have names of their own: a field may be called like a method. All may be given by name only, so that
    they keep their order though some have defaults.
    """
    fields: list[Any] = []
    rename = {"features": "features"}
    for place, leaf in enumerate(leaves):
        own, kind = f"at_{place}", _type(leaf.node)
        optional = leaf.field.has_default or leaf.node.nullable
        fields.append((own, kind, leaf.field.default) if optional else (own, kind))
        rename[own] = leaf.field.name
    if features is not None:
        fields.append(("features", features))
    return msgspec.defstruct(name, fields, rename=rename, forbid_unknown_fields=True, gc=False, kw_only=True)


def _by_column(rows: Sequence[Any], width: int) -> Sequence[Sequence[Any]]:
    """The members of N structs, by member."""
    return tuple(zip(*map(msgspec.structs.astuple, rows), strict=True)) if rows else ((),) * width


def _spread(columns: dict[str, pa.Array], sound: list[bool]) -> dict[str, pa.Array]:
    """The columns of the sound rows with a null for each other row."""
    mask = np.array(sound)
    places = pa.array(np.cumsum(mask) - 1, mask=~mask)
    return {path: array.take(places) for path, array in columns.items()}


def _type(node: Node) -> Any:
    if node.kind == "enum":
        value: Any = Literal[node.symbols]
    elif node.logical == "date":
        value = _DAY
    elif node.logical in ("timestamp-millis", "timestamp-micros"):
        value = _INSTANT
    else:
        value = _TYPES[node.kind]
    return Optional[value] if node.nullable else value  # noqa: UP045


def _column(node: Node, values: Sequence[Any]) -> pa.Array:
    if node.arrow is node.physical:
        return pa.array(values, node.physical)
    try:
        return pa.array(values, node.physical).view(node.arrow)
    except pa.ArrowException:
        assert node.arrow is not None
        number = _days if node.logical == "date" else _instants(_TICK[node.arrow.unit])
        return pa.array([number(value) for value in values], node.physical).view(node.arrow)


def _days(value: Any) -> int | None:
    return (value - DAY_ZERO).days if isinstance(value, date) else value


def _instants(tick: timedelta) -> Callable[[Any], int | None]:
    return lambda value: (value - EPOCH) // tick if isinstance(value, datetime) else value
