"""Python values of one field as an Arrow array, the same type as the column path gives."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
import pyarrow as pa

from headrace.wire.avro_schema import CELLS, Node

_WIDER = {kind: rank for rank, kind in enumerate(("int", "long", "float", "double"))}


def array_of(node: Node, values: Sequence[Any]) -> pa.Array:
    """One array of a field's values, None for null."""
    if node.kind not in CELLS:
        return _compound(node, values)
    array = pa.array(values, node.physical)
    return array if node.arrow is node.physical else array.view(node.arrow)


def compound_type(node: Node) -> pa.DataType | None:
    """The Arrow type of a field that is not one value; None when there is none and its values become JSON text."""
    if node.kind == "array":
        return _list(compound_type(_items(node)))
    if node.kind == "map":
        item = compound_type(_items(node))
        return None if item is None else pa.map_(pa.string(), item)
    if node.kind == "union":
        return _union(node)
    return node.physical if node.kind in CELLS else None


def _items(node: Node) -> Node:
    assert node.items is not None
    return node.items


def _list(item: pa.DataType | None) -> pa.DataType | None:
    return None if item is None else pa.list_(item)


def _union(node: Node) -> pa.DataType | None:
    kinds = {branch.kind for branch in node.branches} - {"null"}
    if kinds and kinds <= _WIDER.keys():
        return reduce(_wider, (branch for branch in node.branches if branch.kind != "null")).physical
    return pa.string() if kinds and kinds <= {"string", "enum"} else None


def _wider(one: Node, other: Node) -> Node:
    return max(one, other, key=lambda node: _WIDER[node.kind])


def _compound(node: Node, values: Sequence[Any]) -> pa.Array:
    kind = compound_type(node)
    if kind is None:
        texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        return pa.array(texts, pa.string())
    if node.kind == "map":
        values = [None if value is None else list(value.items()) for value in values]
    return pa.array(values, kind)
