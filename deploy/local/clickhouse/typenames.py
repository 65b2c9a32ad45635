"""Reads the name of a ClickHouse type into the shape of its column."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from .columns import Array, Fixed, LowCardinality, Nullable, Shape, Text, Tuple
from .errors import UNKNOWN_TYPE, EngineError

WIDTHS: Final = {
    name: width
    for width, names in {
        1: "Int8 UInt8 Bool Enum8 Nothing",
        2: "Int16 UInt16 Enum16 BFloat16 Date",
        4: "Int32 UInt32 Float32 Date32 DateTime Time IPv4 Decimal32",
        8: "Int64 UInt64 Float64 DateTime64 Time64 Decimal64",
        16: "Int128 UInt128 UUID IPv6 Decimal128 Point",
        32: "Int256 UInt256 Decimal256",
    }.items()
    for name in names.split()
}
SPELLED_OUT: Final = {
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Array(Point))",
    "MultiLineString": "Array(Array(Point))",
    "MultiPolygon": "Array(Array(Array(Point)))",
}
QUOTED: Final = r"""`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
TOKEN: Final = re.compile(rf"{QUOTED}|[(),]|[^(),`'\"]+", re.DOTALL)
ELEMENT_NAME: Final = re.compile(r"^(?:`(?:\\.|[^`\\])*`|\w+)\s+(?=[A-Za-z])")


@lru_cache(maxsize=4096)
def shape(type_name: str) -> Shape:
    """Return the shape of a type; raise EngineError for one that this front cannot walk."""
    name, _, rest = type_name.strip().partition("(")
    name, inner = name.strip(), split(rest[: rest.rfind(")")]) if rest else []
    if name in SPELLED_OUT:
        return shape(SPELLED_OUT[name])
    if name in WIDTHS:
        return Fixed(WIDTHS[name])
    if name.startswith("Interval"):
        return Fixed(8)
    return _parametric(name, inner, type_name)


def _parametric(name: str, inner: list[str], type_name: str) -> Shape:
    match name, inner:
        case "String", _:
            return Text()
        case "FixedString", [width]:
            return Fixed(int(width))
        case "Decimal", [digits, *_]:
            return Fixed(decimal_width(int(digits)))
        case "Nullable", [of]:
            return Nullable(shape(of))
        case "Array", [of]:
            return Array(shape(of))
        case "LowCardinality", [of]:
            keys = shape(of)
            return LowCardinality(keys.inner if isinstance(keys, Nullable) else keys)
        case "Map", [key, value]:
            return Array(Tuple((shape(key), shape(value))))
        case "Tuple", _:
            return _tuple(inner)
        case "Nested", _:
            return Array(_tuple(inner))
        case "SimpleAggregateFunction", [*_, of]:
            return shape(of)
    raise EngineError(UNKNOWN_TYPE, f"The local ClickHouse cannot carry columns of type {type_name}. (UNKNOWN_TYPE)")


def _tuple(elements: list[str]) -> Tuple:
    return Tuple(tuple(shape(ELEMENT_NAME.sub("", element)) for element in elements))


def decimal_width(digits: int) -> int:
    """Return how many bytes a Decimal of that many digits takes."""
    return next(width for most, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= most)


def split(arguments: str) -> list[str]:
    """Split at the commas that are in no parentheses and no quotes."""
    parts, depth = [""], 0
    for token in TOKEN.findall(arguments):
        depth += (token == "(") - (token == ")")
        if token == "," and not depth:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]
