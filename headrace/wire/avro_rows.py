"""Avro one message at a time, suspecting every byte.

This is the path for small batches, for schemas that columns do not cover, and the judge of every row that the column
path found wanting. fastavro is not used here: it reads a boolean of 7 as true, union branch -1 and enum index -1 as the
last one, an int of any size, and a number of eleven bytes as something else, all without a word.
"""

import struct
from collections.abc import Callable
from typing import Any

from headrace.wire.avro_schema import Node, flattens
from headrace.wire.reasons import Code

Read = Callable[[bytes, int, int], tuple[Any, int]]
Walk = Callable[[bytes, int, int, list[Any]], int]

LONGEST_NUMBER = 10
# An item of no bytes (a null) may be repeated without a byte being there: so often and no more.
MOST_EMPTY_ITEMS = 1024
_FLOAT = struct.Struct("<f")
_DOUBLE = struct.Struct("<d")


class Malformed(Exception):
    """Raised inside this package at the first byte that cannot be; becomes a BadRow."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, ""


def read_long(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A zigzag number of at most 64 bits."""
    if at >= end:
        raise _truncated()
    byte = data[at]
    if byte < 128:
        return (byte >> 1) ^ -(byte & 1), at + 1
    raw, shift, start = byte & 127, 7, at
    while byte >= 128:
        at += 1
        if at - start >= LONGEST_NUMBER:
            raise Malformed(Code.MALFORMED, "a number of more than 10 bytes")
        if at >= end:
            raise _truncated()
        byte = data[at]
        raw |= (byte & 127) << shift
        shift += 7
    if raw >> 64:
        raise Malformed(Code.MALFORMED, "a number of more than 64 bits")
    return (raw >> 1) ^ -(raw & 1), at + 1


def walker(record: Node, prefix: str = "", inside: tuple[Node, ...] = ()) -> Walk:
    """What reads one record and appends its leaves' values to a list, in the order of avro_schema.leaves."""
    steps = [_step(child.node, prefix + child.name, (*inside, record)) for child in record.fields]

    def walk(data: bytes, at: int, end: int, out: list[Any]) -> int:
        for step in steps:
            at = step(data, at, end, out)
        return at

    return walk


def _step(node: Node, path: str, inside: tuple[Node, ...]) -> Walk:
    if flattens(node, inside):
        return _nested(node, path, inside)
    read = reader(node)

    def step(data: bytes, at: int, end: int, out: list[Any]) -> int:
        try:
            value, at = read(data, at, end)
        except Malformed as fault:
            fault.field = path
            raise
        out.append(value)
        return at

    return step


def _nested(node: Node, path: str, inside: tuple[Node, ...]) -> Walk:
    walk = walker(node, path + ".", inside)
    if node.null_branch is None:
        return walk
    branch, width = _branch(node), _width(node, inside)

    def optional(data: bytes, at: int, end: int, out: list[Any]) -> int:
        try:
            present, at = branch(data, at, end)
        except Malformed as fault:
            fault.field = path
            raise
        if present:
            return walk(data, at, end, out)
        out.extend([None] * width)
        return at

    return optional


def _width(node: Node, inside: tuple[Node, ...]) -> int:
    within = (*inside, node)
    return sum(_width(child.node, within) if flattens(child.node, within) else 1 for child in node.fields)


def reader(node: Node) -> Read:
    """What reads one value of a node, null union included."""
    read = _READERS[node.kind](node)
    if node.null_branch is None:
        return read
    branch = _branch(node)

    def optional(data: bytes, at: int, end: int) -> tuple[Any, int]:
        present, at = branch(data, at, end)
        return read(data, at, end) if present else (None, at)

    return optional


def _branch(node: Node) -> Read:
    null = node.null_branch

    def branch(data: bytes, at: int, end: int) -> tuple[bool, int]:
        index, at = read_long(data, at, end)
        if index not in (0, 1):
            raise Malformed(Code.MALFORMED, f"union branch {index} of 2")
        return index != null, at

    return branch


def _truncated() -> Malformed:
    return Malformed(Code.TRUNCATED, "the message ends inside it")


def _null(node: Node) -> Read:
    return lambda data, at, end: (None, at)


def _boolean(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[bool, int]:
        if at >= end:
            raise _truncated()
        if data[at] > 1:
            raise Malformed(Code.MALFORMED, f"a boolean of {data[at]}")
        return data[at] == 1, at + 1

    return read


def _int(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[int, int]:
        value, at = read_long(data, at, end)
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise Malformed(Code.MALFORMED, f"{value} is not a 32-bit int")
        return value, at

    return read


def _number(form: struct.Struct) -> Callable[[Node], Read]:
    def make(node: Node) -> Read:
        def read(data: bytes, at: int, end: int) -> tuple[float, int]:
            if at + form.size > end:
                raise _truncated()
            return form.unpack_from(data, at)[0], at + form.size

        return read

    return make


def _bytes(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[bytes, int]:
        length, at = read_long(data, at, end)
        if length < 0:
            raise Malformed(Code.MALFORMED, f"a length of {length}")
        if length > end - at:
            raise _truncated()
        return data[at : at + length], at + length

    return read


def _string(node: Node) -> Read:
    read_bytes = _bytes(node)

    def read(data: bytes, at: int, end: int) -> tuple[str, int]:
        value, at = read_bytes(data, at, end)
        try:
            return value.decode(), at
        except UnicodeDecodeError:
            raise Malformed(Code.MALFORMED, "text that is not UTF-8") from None

    return read


def _fixed(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[bytes, int]:
        if node.size > end - at:
            raise _truncated()
        return data[at : at + node.size], at + node.size

    return read


def _enum(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[str, int]:
        index, at = read_long(data, at, end)
        if not 0 <= index < len(node.symbols):
            raise Malformed(Code.MALFORMED, f"enum index {index} of {len(node.symbols)}")
        return node.symbols[index], at

    return read


def _union(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[Any, int]:
        index, at = read_long(data, at, end)
        if not 0 <= index < len(node.branches):
            raise Malformed(Code.MALFORMED, f"union branch {index} of {len(node.branches)}")
        return reader(node.branches[index])(data, at, end)

    return read


def _record(node: Node) -> Read:
    def read(data: bytes, at: int, end: int) -> tuple[dict[str, Any], int]:
        value: dict[str, Any] = {}
        for child in node.fields:
            value[child.name], at = reader(child.node)(data, at, end)
        return value, at

    return read


def _array(node: Node) -> Read:
    assert node.items is not None
    item = reader(node.items)

    def read(data: bytes, at: int, end: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        count, at = _count(data, at, end)
        while count:
            for _ in range(count):
                value, at = item(data, at, end)
                values.append(value)
            count, at = _count(data, at, end)
        return values, at

    return read


def _map(node: Node) -> Read:
    key, assertion = _string(node), node.items
    assert assertion is not None
    item = reader(assertion)

    def read(data: bytes, at: int, end: int) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        count, at = _count(data, at, end)
        while count:
            for _ in range(count):
                name, at = key(data, at, end)
                values[name], at = item(data, at, end)
            count, at = _count(data, at, end)
        return values, at

    return read


def _count(data: bytes, at: int, end: int) -> tuple[int, int]:
    count, at = read_long(data, at, end)
    if count < 0:
        count, (_, at) = -count, read_long(data, at, end)
    if count > max(end - at, MOST_EMPTY_ITEMS):
        raise Malformed(Code.MALFORMED, f"a list of {count} items in {end - at} bytes")
    return count, at


_READERS: dict[str, Callable[[Node], Read]] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": lambda node: read_long,
    "float": _number(_FLOAT),
    "double": _number(_DOUBLE),
    "bytes": _bytes,
    "string": _string,
    "fixed": _fixed,
    "enum": _enum,
    "union": _union,
    "record": _record,
    "array": _array,
    "map": _map,
}
