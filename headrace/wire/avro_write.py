"""One Avro value from one Python value: for what is the same in every row, for small batches and for lists."""

import struct
from collections.abc import Callable
from typing import Any

from headrace.wire.avro_schema import Node

_FLOAT = struct.Struct("<f")
_DOUBLE = struct.Struct("<d")


def write(node: Node, value: Any) -> bytes:
    """The bytes of a value; raises TypeError or ValueError when it does not fit."""
    if node.null_branch is not None:
        if value is None:
            return write_long(node.null_branch)
        return write_long(1 - node.null_branch) + _WRITERS[node.kind](node, value)
    return _WRITERS[node.kind](node, value)


def write_long(value: int) -> bytes:
    """A zigzag number."""
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} is not a 64-bit number")
    raw = (value << 1) ^ (value >> 63)
    out = bytearray()
    while raw > 127:
        out.append(raw & 127 | 128)
        raw >>= 7
    out.append(raw)
    return bytes(out)


def write_bytes(value: bytes) -> bytes:
    """Bytes behind their length."""
    return write_long(len(value)) + value


def _null(node: Node, value: Any) -> bytes:
    if value is not None:
        raise TypeError(f"{value!r} is not null")
    return b""


def _int(node: Node, value: Any) -> bytes:
    if not -(2**31) <= value < 2**31:
        raise ValueError(f"{value} is not a 32-bit int")
    return write_long(value)


def _string(node: Node, value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return write_bytes(value.encode())


def _bytes(node: Node, value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} is not bytes")
    return write_bytes(value)


def _enum(node: Node, value: Any) -> bytes:
    return write_long(node.symbols.index(value))


def _fixed(node: Node, value: Any) -> bytes:
    if len(value) != node.size:
        raise ValueError(f"{len(value)} bytes where {node.size} belong")
    return bytes(value)


def _array(node: Node, value: Any) -> bytes:
    assert node.items is not None
    return _block([write(node.items, item) for item in value])


def _map(node: Node, value: Any) -> bytes:
    assert node.items is not None
    pairs = value.items() if isinstance(value, dict) else value
    return _block([write_bytes(key.encode()) + write(node.items, item) for key, item in pairs])


def _block(items: list[bytes]) -> bytes:
    return b"".join((write_long(len(items)), *items, b"\0")) if items else b"\0"


def _record(node: Node, value: Any) -> bytes:
    return b"".join(write(field.node, value[field.name]) for field in node.fields)


def _union(node: Node, value: Any) -> bytes:
    raise TypeError("a union of more than null and one type is read but not written")


_WRITERS: dict[str, Callable[[Node, Any], bytes]] = {
    "null": _null,
    "boolean": lambda node, value: b"\1" if value else b"\0",
    "int": _int,
    "long": lambda node, value: write_long(value),
    "float": lambda node, value: _FLOAT.pack(value),
    "double": lambda node, value: _DOUBLE.pack(value),
    "string": _string,
    "bytes": _bytes,
    "enum": _enum,
    "fixed": _fixed,
    "array": _array,
    "map": _map,
    "record": _record,
    "union": _union,
}
