"""Pieces of N messages (the same bytes in every row, a matrix, or bytes of varying length) and how they are joined."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.wire.avro_schema import Node
from headrace.wire.avro_write import write
from headrace.wire.block import Bytes

# A matrix of one row (the same bytes in every message) or of N rows, or an Arrow array of N binary values.
Segment: TypeAlias = Any
Packer: TypeAlias = Callable[[Node, pa.Array], list[Segment]]
_END = pa.scalar(b"", pa.binary())


def constant(data: bytes) -> Bytes:
    """Bytes that are the same in every row: a matrix of one row."""
    return np.frombuffer(data, np.uint8).reshape(1, len(data))


def join(segments: list[Segment], n: int) -> list[bytes]:
    """The N messages that the segments make side by side."""
    merged = _merge(segments, n)
    if len(merged) == 1 and isinstance(merged[0], np.ndarray):
        return _rows(merged[0])
    pieces = [_binary(piece) if isinstance(piece, np.ndarray) else piece for piece in merged]
    return pc.binary_join_element_wise(*pieces, _END).to_pylist()  # type: ignore[no-any-return]


def pack(node: Node, array: pa.Array) -> list[Segment]:
    """The segments of one field."""
    if node.null_branch is None:
        if array.null_count and node.kind != "null":
            raise ValueError(f"{array.null_count} nulls where there can be none")
        return _PACKERS.get(node.kind, _listed)(node, array)
    if array.null_count == len(array):
        return [constant(bytes([node.null_branch * 2]))]
    branch = constant(bytes([(1 - node.null_branch) * 2]))
    if not array.null_count:
        return [branch, *_PACKERS.get(node.kind, _listed)(node, array)]
    return _optional(node, array)


def _optional(node: Node, array: pa.Array) -> list[Segment]:
    present = array.is_valid()
    inside = array.drop_null()
    whole = join(
        [constant(bytes([(1 - (node.null_branch or 0)) * 2])), *_PACKERS.get(node.kind, _listed)(node, inside)],
        len(inside),
    )
    texts = pc.replace_with_mask(
        pa.repeat(pa.scalar(bytes([(node.null_branch or 0) * 2]), pa.binary()), len(array)),
        present,
        pa.array(whole, pa.binary()),
    )
    return [texts]


def _merge(segments: list[Segment], n: int) -> list[Segment]:
    """Neighbouring matrices become one."""
    merged: list[Segment] = []
    run: list[Bytes] = []
    for segment in (*segments, None):
        if isinstance(segment, np.ndarray):
            run.append(segment)
            continue
        if run:
            merged.append(_beside(run, n))
            run = []
        if segment is not None:
            merged.append(segment)
    return merged


def _beside(matrices: list[Bytes], n: int) -> Bytes:
    out = np.empty((n, sum(matrix.shape[1] for matrix in matrices)), np.uint8)
    at = 0
    for matrix in matrices:
        out[:, at : at + matrix.shape[1]] = matrix
        at += matrix.shape[1]
    return out


def _rows(matrix: Bytes) -> list[bytes]:
    n, width = matrix.shape
    return matrix.view(f"V{width}").ravel().tolist() if width else [b""] * n


def _binary(matrix: Bytes) -> pa.Array:
    n, width = matrix.shape
    offsets = np.arange(0, n * width + 1, width or 1, dtype=np.int32) if width else np.zeros(n + 1, np.int32)
    return pa.Array.from_buffers(pa.binary(), n, [None, pa.py_buffer(offsets), pa.py_buffer(matrix)])


def _values(node: Node, array: pa.Array) -> NDArray[Any]:
    """The numbers of an array without nulls, as the field's own type."""
    if pa.types.is_temporal(array.type):
        array = array.cast(node.arrow).view(node.physical)
    return array.cast(node.physical).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _real(node: Node, array: pa.Array) -> list[Segment]:
    values = np.ascontiguousarray(_values(node, array))
    return [values.view(np.uint8).reshape(len(values), values.itemsize)]


def _boolean(node: Node, array: pa.Array) -> list[Segment]:
    return [_values(node, array).view(np.uint8).reshape(-1, 1)]


def _integer(node: Node, array: pa.Array) -> list[Segment]:
    return [_numbers(_values(node, array).astype(np.int64))]


def _enum(node: Node, array: pa.Array) -> list[Segment]:
    index = pc.index_in(array, pa.array(node.symbols, array.type))
    if index.null_count:
        raise ValueError(f"values that are not among {', '.join(node.symbols)}")
    return [_numbers(index.to_numpy().astype(np.int64))]


def _text(node: Node, array: pa.Array) -> list[Segment]:
    array = array.cast(pa.string() if node.kind == "string" else pa.binary())
    _, offsets_, data = array.buffers()
    offsets = np.frombuffer(offsets_, np.int32)[array.offset : array.offset + len(array) + 1]
    length = np.diff(offsets)
    if len(length) and length.min() == length.max():
        width, head = int(length[0]), _numbers(length[:1].astype(np.int64))
        if not width:
            return [head]
        body = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]].reshape(len(length), width)
        return [head, body]
    return [_numbers(length.astype(np.int64)), array.cast(pa.binary())]


def _fixed(node: Node, array: pa.Array) -> list[Segment]:
    return [constant(b"")] if not node.size else [array.cast(node.physical).cast(pa.binary())]


def _listed(node: Node, array: pa.Array) -> list[Segment]:
    """Lists: one number a row is the form that scores have; others are written row by row."""
    if node.kind == "array" and not pa.types.is_nested(array.type):
        assert node.items is not None
        return [constant(b"\2"), *pack(node.items, array), constant(b"\0")]
    if node.kind == "array" and len(array) and pc.max(pc.list_value_length(array)).as_py() == 0:
        return [constant(b"\0")]
    bare = Node(kind=node.kind, items=node.items, fields=node.fields, branches=node.branches)
    return [pa.array([write(bare, value) for value in array.to_pylist()], pa.binary())]


def _numbers(values: NDArray[np.int64]) -> Segment:
    """Zigzag numbers: a matrix where all have one length, which is the rule for offsets and times of one batch."""
    raw = ((values << 1) ^ (values >> 63)).view(np.uint64)
    if not len(raw):
        return np.zeros((0, 1), np.uint8)
    shortest, longest = _width(int(raw.min())), _width(int(raw.max()))
    matrix = ((raw[:, None] >> (np.arange(longest, dtype=np.uint64) * np.uint64(7))) & np.uint64(127)).astype(np.uint8)
    if shortest == longest:
        matrix[:, :-1] |= 128
        return matrix
    used = np.ones(matrix.shape, np.bool_)
    for place in range(1, longest):
        used[:, place] = raw >= np.uint64(1 << (7 * place))
    matrix[:, :-1] |= used[:, 1:].view(np.uint8) << 7
    offsets = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(used.sum(axis=1), out=offsets[1:])
    return pa.Array.from_buffers(pa.binary(), len(raw), [None, pa.py_buffer(offsets), pa.py_buffer(matrix[used])])


def _width(raw: int) -> int:
    return max(1, -(-raw.bit_length() // 7))


_PACKERS: dict[str, Packer] = {
    "null": lambda node, array: [constant(b"")],
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "float": _real,
    "double": _real,
    "string": _text,
    "bytes": _text,
    "enum": _enum,
    "fixed": _fixed,
}
