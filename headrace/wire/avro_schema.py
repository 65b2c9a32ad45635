"""An Avro schema as a tree of nodes, names resolved, the union of null with one type folded into that type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headrace.wire.errors import SchemaError

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "string", "bytes")
CELLS = (*PRIMITIVES, "enum", "fixed")
PHYSICAL = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
    "enum": pa.string(),
}
LOGICAL = {
    ("int", "date"): pa.date32(),
    ("long", "timestamp-millis"): pa.timestamp("ms", tz="UTC"),
    ("long", "timestamp-micros"): pa.timestamp("us", tz="UTC"),
    ("long", "local-timestamp-millis"): pa.timestamp("ms"),
    ("long", "local-timestamp-micros"): pa.timestamp("us"),
}


@dataclass(slots=True, kw_only=True)
class Field:
    """A field of a record."""

    name: str
    node: "Node"
    aliases: tuple[str, ...] = ()
    has_default: bool = False
    default: Any = None


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """One type. null_branch says where null stands in the two-branch union around it; None means there is no union.

    physical is the Arrow type of the bytes themselves; arrow that of their meaning: the logical type, where there is
    one. Both are None for what is not one value.
    """

    kind: str
    null_branch: int | None = None
    logical: str | None = None
    symbols: tuple[str, ...] = ()
    default_symbol: str | None = None
    size: int = 0
    fields: tuple[Field, ...] = ()
    items: "Node | None" = None
    branches: tuple["Node", ...] = ()
    physical: pa.DataType | None = field(init=False)
    arrow: pa.DataType | None = field(init=False)

    @property
    def nullable(self) -> bool:
        """Whether a value may be null."""
        return self.null_branch is not None or self.kind == "null"

    def __post_init__(self) -> None:
        self.physical = pa.binary(self.size) if self.kind == "fixed" else PHYSICAL.get(self.kind)
        self.arrow = LOGICAL.get((self.kind, self.logical or ""), self.physical)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A column: a field that is not a record, under its dotted path."""

    path: str
    node: Node
    field: Field


def parse_record(schema: Mapping[str, Any]) -> Node:
    """The tree of a record schema; raises SchemaError naming what cannot be used."""
    node = _parse(schema, "", {})
    if node.kind != "record" or node.null_branch is not None:
        raise SchemaError(f"a message is an Avro record; this schema is a {node.kind}")
    return node


def leaves(record: Node, prefix: str = "", inside: tuple[Node, ...] = ()) -> Iterator[Leaf]:
    """Every column of a record in the order of its bytes; a record within itself is one opaque column."""
    for child in record.fields:
        path = prefix + child.name
        if flattens(child.node, (*inside, record)):
            yield from leaves(child.node, path + ".", (*inside, record))
        else:
            yield Leaf(path=path, node=child.node, field=child)


def flattens(node: Node, inside: tuple[Node, ...]) -> bool:
    """Whether a node is a record whose fields become columns of their own."""
    return node.kind == "record" and not any(node.fields is outer.fields for outer in inside)


def _parse(schema: Any, namespace: str, named: dict[str, Node]) -> Node:
    if isinstance(schema, str):
        return _named(schema, namespace, named)
    if isinstance(schema, list):
        return _union([_parse(branch, namespace, named) for branch in schema])
    if not isinstance(schema, Mapping) or "type" not in schema:
        raise SchemaError(f"{schema!r} is not an Avro type")
    kind = schema["type"]
    if isinstance(kind, list | Mapping):
        return _parse(kind, namespace, named)
    if kind in ("array", "map"):
        return Node(kind=kind, items=_parse(schema["items" if kind == "array" else "values"], namespace, named))
    if kind in ("record", "error", "enum", "fixed"):
        return _define(schema, namespace, named)
    node = _named(kind, namespace, named)
    return Node(kind=node.kind, logical=schema.get("logicalType")) if kind in PRIMITIVES else node


def _named(name: str, namespace: str, named: dict[str, Node]) -> Node:
    if name in PRIMITIVES:
        return Node(kind=name)
    full = name if "." in name or not namespace else f"{namespace}.{name}"
    try:
        return named.get(full) or named[name]
    except KeyError:
        raise SchemaError(f"the Avro type {name} is used before it is defined") from None


def _define(schema: Mapping[str, Any], namespace: str, named: dict[str, Node]) -> Node:
    name = str(schema.get("name", ""))
    space = name.rpartition(".")[0] if "." in name else str(schema.get("namespace", namespace))
    short = name.rpartition(".")[2]
    kind = "record" if schema["type"] == "error" else str(schema["type"])
    node = Node(
        kind=kind,
        symbols=tuple(schema.get("symbols", ())),
        default_symbol=schema.get("default"),
        size=int(schema.get("size", 0)),
        logical=schema.get("logicalType"),
    )
    named[f"{space}.{short}" if space else short] = node
    if kind == "record":
        node.fields = tuple(_field(each, space, named) for each in schema["fields"])
    return node


def _field(schema: Mapping[str, Any], namespace: str, named: dict[str, Node]) -> Field:
    return Field(
        name=schema["name"],
        node=_parse(schema["type"], namespace, named),
        aliases=tuple(schema.get("aliases", ())),
        has_default="default" in schema,
        default=schema.get("default"),
    )


def _union(branches: list[Node]) -> Node:
    kinds = [branch.kind for branch in branches]
    if len(branches) != 2 or kinds.count("null") != 1:
        return Node(kind="union", branches=tuple(branches))
    null = kinds.index("null")
    inner = branches[1 - null]
    if inner.kind == "record":
        # A record that is still being defined has no fields yet: keep the reference, not a copy of it.
        return Node(kind="union", branches=tuple(branches)) if not inner.fields else _optional(inner, null)
    return _optional(inner, null)


def _optional(inner: Node, null: int) -> Node:
    return Node(
        kind=inner.kind,
        null_branch=null,
        logical=inner.logical,
        symbols=inner.symbols,
        default_symbol=inner.default_symbol,
        size=inner.size,
        fields=inner.fields,
        items=inner.items,
        branches=inner.branches,
    )
