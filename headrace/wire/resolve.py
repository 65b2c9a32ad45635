"""Columns as one schema wrote them, turned into the columns that another schema reads: Avro's rules, on columns.

A difference that no row can be read across is a fault of every row and not an exception: the rows can still be
answered, because each knows its request_id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.wire.avro_schema import Field, Leaf, Node, flattens, leaves
from headrace.wire.avro_values import compound_type
from headrace.wire.reasons import Code

PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Columns as the reader names them; faults: row -> reason, for rows that cannot be read."""

    columns: dict[str, pa.Array]
    faults: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    target: Leaf
    source: Leaf | None = None
    missing: bool = False
    fault: str | None = None


class Resolution:
    """How columns of one writer schema become those of a reader schema; made once for each writer schema."""

    def __init__(self, writer: Node, reader: Node) -> None:
        self._steps = tuple(_steps(writer, reader, "", ""))

    def apply(self, columns: Mapping[str, pa.Array], rows: int) -> Resolved:
        """Turn decoded columns into the reader's."""
        faults: dict[int, str] = {}
        resolved = {step.target.path: _read(step, columns, rows, faults) for step in self._steps}
        return Resolved(columns=resolved, faults=faults)


def empty(node: Node, rows: int) -> pa.Array:
    """A column of nulls of the type that a field has."""
    return pa.nulls(rows, node.arrow)


def missing(path: str, what: str) -> str:
    """The reason for a field that has no value where it must have one."""
    head, _, name = path.rpartition(".")
    code = Code.MISSING_FEATURE if head == "features" else Code.MISSING_FIELD
    return code.because(f"{name} {what}")


def _steps(writer: Node, reader: Node, prefix: str, wrote: str) -> Iterator[_Step]:
    for field in reader.fields:
        path, found = prefix + field.name, _find(writer, field)
        if not flattens(field.node, (reader,)):
            leaf = Leaf(path=path, node=field.node, field=field)
            yield _absent(leaf) if found is None else _leaf(leaf, found, wrote + found.name)
        elif found is not None and flattens(found.node, (writer,)):
            yield from _steps(found.node, field.node, path + ".", wrote + found.name + ".")
        else:
            why = (
                missing(path, "is not in the writer's schema")
                if found is None
                else _clash(path, found.node, field.node)
            )
            yield from (_Step(target=leaf, fault=why) for leaf in leaves(field.node, path + "."))


def _find(writer: Node, field: Field) -> Field | None:
    by_name = {each.name: each for each in writer.fields}
    return next((by_name[name] for name in (field.name, *field.aliases) if name in by_name), None)


def _absent(leaf: Leaf) -> _Step:
    if leaf.field.has_default:
        return _Step(target=leaf, missing=True)
    return _Step(target=leaf, fault=missing(leaf.path, "is not in the writer's schema and has no default"))


def _leaf(leaf: Leaf, found: Field, path: str) -> _Step:
    source, kind = Leaf(path=path, node=found.node, field=found), _kind(found.node)
    fits = kind == leaf.node.kind or leaf.node.kind in PROMOTIONS.get(kind, ())
    if fits and _means_the_same(found.node.logical, leaf.node.logical):
        return _Step(target=leaf, source=source)
    return _Step(target=leaf, fault=_clash(leaf.path, found.node, leaf.node))


def _kind(node: Node) -> str:
    if node.kind != "union":
        return node.kind
    kinds = {"int32": "int", "int64": "long", "float": "float", "double": "double", "string": "string"}
    return kinds.get(str(compound_type(node)), "union")


def _means_the_same(wrote: str | None, reads: str | None) -> bool:
    return None in (wrote, reads) or wrote == reads or {wrote, reads} <= {"timestamp-millis", "timestamp-micros"}


def _clash(path: str, wrote: Node, reads: Node) -> str:
    return Code.INCOMPATIBLE_SCHEMA.because(f"{path}: {_words(wrote)} cannot be read as {_words(reads)}")


def _words(node: Node) -> str:
    return f"{node.kind} ({node.logical})" if node.logical else node.kind


def _read(step: _Step, columns: Mapping[str, pa.Array], rows: int, faults: dict[int, str]) -> pa.Array:
    node = step.target.node
    if step.fault is not None:
        faults.update((row, step.fault) for row in range(rows) if row not in faults)
        return empty(node, rows)
    if step.missing:
        return pa.repeat(default(step.target), rows)
    assert step.source is not None
    array = columns[step.source.path]
    if node.kind == "enum" and not set(step.source.node.symbols) <= set(node.symbols):
        return _symbols(step, array, faults)
    if array.type == node.arrow:
        return array
    return _promote(array, step, faults)


def default(leaf: Leaf) -> pa.Scalar:
    """The default of a field as its column's type."""
    value: Any = leaf.field.default
    if value is not None and leaf.node.kind in ("bytes", "fixed"):
        value = value.encode("latin-1")
    scalar = pa.array([value], leaf.node.physical)
    return (scalar if leaf.node.arrow == scalar.type else scalar.view(leaf.node.arrow))[0]


def _symbols(step: _Step, array: pa.Array, faults: dict[int, str]) -> pa.Array:
    node = step.target.node
    unknown = pc.and_(pc.is_valid(array), pc.invert(pc.is_in(array, pa.array(node.symbols, pa.string()))))
    if not pc.any(unknown).as_py():
        return array
    if node.default_symbol is None:
        for row in np.flatnonzero(unknown.to_numpy(zero_copy_only=False)).tolist():
            why = Code.INVALID_FEATURE.because(f"{step.target.path}: {array[row].as_py()} is not one of its symbols")
            faults.setdefault(row, why)
    return pc.if_else(unknown, pa.scalar(node.default_symbol, pa.string()), array)


def _promote(array: pa.Array, step: _Step, faults: dict[int, str]) -> pa.Array:
    node = step.target.node
    if pa.types.is_timestamp(array.type) and pa.types.is_timestamp(node.arrow):
        return array.cast(node.arrow, safe=False)
    if node.kind == "string":
        return _text(array, step.target.path, faults)
    plain = array.view(step.source.node.physical) if step.source and step.source.node.kind != "union" else array
    plain = plain.cast(node.physical, safe=False)
    return plain if node.arrow == node.physical else plain.view(node.arrow)


def _text(array: pa.Array, path: str, faults: dict[int, str]) -> pa.Array:
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [_decoded(value) for value in array.to_pylist()]
        for row, (text, valid) in enumerate(zip(texts, array.is_valid().to_pylist(), strict=True)):
            if valid and text is None:
                faults.setdefault(row, Code.MALFORMED.because(f"{path}: text that is not UTF-8"))
        return pa.array(texts, pa.string())


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
