"""What the column encoder writes, fastavro reads, over random schemas and values; with many rows and with few."""

import io
import math
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.wire.avro_encode import ColumnEncoder
from headrace.wire.avro_schema import leaves, parse_record
from headrace.wire.avro_values import array_of
from headrace.wire.errors import EncodingError
from tests.unit.wire.test_wire_decoding import BOUNDED, bare, exact, leaf, written


@st.composite
def table(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    fields, values = [], {}
    for index in range(draw(st.integers(1, 5))):
        kind, value = draw(leaf(f"f{index}"))
        if kind != "null" and draw(st.booleans()):
            kind = draw(st.sampled_from((["null", kind], [kind, "null"])))
            value = st.none() | value
        fields.append({"name": f"f{index}", "type": kind})
        values[f"f{index}"] = value
    few = draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=5))
    rows = draw(st.lists(st.sampled_from(few), max_size=12))
    return {"type": "record", "name": "R", "fields": fields}, rows


@settings(BOUNDED, max_examples=100)
@given(table(), st.sampled_from((0, 10**9)), st.sampled_from((b"", b"\xc3\x01head")))
def test_fastavro_reads_what_was_written(made: tuple[Any, list[dict[str, Any]]], small: int, prefix: bytes) -> None:
    schema, rows = made
    columns = {
        each.path: array_of(each.node, [row[each.path] for row in rows]) for each in leaves(parse_record(schema))
    }
    values = ColumnEncoder(schema, small_batch=small).encode(columns, len(rows), prefix)
    assert len(values) == len(rows)
    parsed = fastavro.parse_schema(bare(schema))
    for value, row in zip(values, rows, strict=True):
        assert value.startswith(prefix)
        body = io.BytesIO(value[len(prefix) :])
        back = fastavro.schemaless_reader(body, parsed, None)
        assert {name: exact(each) for name, each in back.items()} == {name: exact(each) for name, each in row.items()}
        assert not body.read()
        if not any(each != each for each in row.values()):  # a NaN is one in many ways
            assert value == prefix + written(parsed, row)


LISTS = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "scores", "type": {"type": "array", "items": "double"}},
        {"name": "flags", "type": {"type": "array", "items": "string"}},
        {"name": "tag", "type": "string"},
    ],
}


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("flags", [("a", "b"), (), pa.array([["x", "y"]]), pa.array([[]], pa.list_(pa.string()))])
def test_lists_are_written_from_a_number_a_row_from_lists_and_from_constants(n: int, flags: Any) -> None:
    column = pa.concat_arrays([flags] * n) if isinstance(flags, pa.Array) else flags
    scores = pa.array([math.nan if row == 3 else row / 3 for row in range(n)])
    out = ColumnEncoder(LISTS).encode({"scores": scores, "flags": column, "tag": "ü"}, n)
    wanted = flags[0].as_py() if isinstance(flags, pa.Array) else list(flags)
    for row, value in enumerate(out):
        back = fastavro.schemaless_reader(io.BytesIO(value), fastavro.parse_schema(LISTS), None)
        assert [exact(score) for score in back["scores"]] == [exact(scores[row].as_py())]
        assert (back["flags"], back["tag"]) == (wanted, "ü")


@pytest.mark.parametrize("n", [3, 40])
def test_slices_of_arrays_are_written_as_what_they_show(n: int) -> None:
    types = {"s": "string", "b": "boolean", "d": ["null", "double"]}
    schema = {"type": "record", "name": "R", "fields": [{"name": k, "type": t} for k, t in types.items()]}
    columns = {
        "s": pa.array([f"{row:x<{row}}" for row in range(n + 9)]),
        "b": pa.array([row % 3 == 0 for row in range(n + 9)]),
        "d": pa.array([None if row % 4 == 0 else float(row) for row in range(n + 9)]),
    }
    out = ColumnEncoder(schema).encode({name: array.slice(7, n) for name, array in columns.items()}, n)
    back = [fastavro.schemaless_reader(io.BytesIO(value), fastavro.parse_schema(schema), None) for value in out]
    assert back == [{name: array[7 + row].as_py() for name, array in columns.items()} for row in range(n)]


@pytest.mark.parametrize("n", [2, 40])
@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("string", pa.array([None], pa.string())),
        ("int", pa.array([2**31])),
        ("int", 2**31),
        ("long", 2**63),
        ("string", 5),
        ("long", pa.array(["x"])),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, pa.array(["b"])),
        ({"type": "fixed", "name": "F", "size": 2}, b"abc"),
    ],
)
def test_a_column_that_does_not_fit_its_field_is_named(n: int, kind: Any, column: Any) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "x", "type": kind}]}
    value = pa.concat_arrays([column] * n) if isinstance(column, pa.Array) else column
    with pytest.raises(EncodingError, match="the column x does not fit its field"):
        ColumnEncoder(schema).encode({"x": value}, n)


def test_a_missing_column_and_one_of_another_length_are_named() -> None:
    encoder = ColumnEncoder(LISTS)
    with pytest.raises(EncodingError, match="the column scores is missing"):
        encoder.encode({}, 1)
    with pytest.raises(EncodingError, match="the column scores has 1 rows, not 2"):
        encoder.encode({"scores": pa.array([1.0]), "flags": (), "tag": ""}, 2)
