"""Decoding by column gives what fastavro gives, and no row can harm another; over random schemas and values."""

import io
import math
import struct
from collections.abc import Iterator
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.wire.avro_decode import ColumnDecoder, Decoded

BOUNDED = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SYMBOLS = ("red", "green", "blue")
Leaf = tuple[Any, st.SearchStrategy[Any]]

_INT = st.integers(-(2**31), 2**31 - 1) | st.sampled_from((0, -1, 63, 64, -64, -65, 8191, 8192, 2**31 - 1, -(2**31)))
_LONG = st.integers(-(2**63), 2**63 - 1) | st.sampled_from((0, 2**55, 2**56, -(2**62), 2**62, 2**63 - 1, -(2**63)))
_TEXT = st.text(max_size=8) | st.sampled_from(("", "ascii", "ü€𝄞", "x" * 300)) | st.text(max_size=70)
_REAL = st.floats() | st.sampled_from((math.nan, math.inf, -math.inf, -0.0))


@st.composite
def leaf(draw: st.DrawFn, name: str) -> Leaf:
    kinds: list[Leaf] = [
        ("null", st.none()),
        ("boolean", st.booleans()),
        ("int", _INT),
        ("long", _LONG),
        ("float", st.floats(width=32)),
        ("double", _REAL),
        ("string", _TEXT),
        ("bytes", st.binary(max_size=40)),
        ({"type": "enum", "name": f"E{name}", "symbols": list(SYMBOLS)}, st.sampled_from(SYMBOLS)),
        ({"type": "fixed", "name": f"F{name}", "size": 5}, st.binary(min_size=5, max_size=5)),
        ({"type": "int", "logicalType": "date"}, _INT),
        ({"type": "int", "logicalType": "time-millis"}, st.integers(0, 86_399_999)),
        ({"type": "long", "logicalType": "timestamp-millis"}, _LONG),
        ({"type": "long", "logicalType": "timestamp-micros"}, _LONG),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def record(draw: st.DrawFn, name: str = "R", depth: int = 0) -> Leaf:
    fields, values = [], {}
    for index in range(draw(st.integers(1, 5))):
        label = f"{name}_{index}"
        nested = depth < 2 and draw(st.integers(0, 4)) == 0
        kind, value = draw(record(label, depth + 1)) if nested else draw(leaf(label))
        if kind != "null" and draw(st.booleans()):
            kind = draw(st.sampled_from((["null", kind], [kind, "null"])))
            value = st.none() | value
        fields.append({"name": label, "type": kind})
        values[label] = value
    return {"type": "record", "name": name, "fields": fields}, st.fixed_dictionaries(values)


@st.composite
def batch(draw: st.DrawFn, least: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    schema, value = draw(record())
    few = draw(st.lists(value, min_size=max(least, 1), max_size=6))
    # Rows repeated in some order: columns that are alike in all rows take other paths than those that are not.
    return schema, draw(st.lists(st.sampled_from(few), min_size=least, max_size=12))


def bare(schema: Any) -> Any:
    """The schema without logical types: fastavro would make objects of them, with ranges of their own."""
    if isinstance(schema, list):
        return [bare(each) for each in schema]
    if isinstance(schema, dict):
        return {
            key: bare(value) if key in ("type", "fields") else value
            for key, value in schema.items()
            if key != "logicalType"
        }
    return schema


def avro(schema: Any, values: list[dict[str, Any]]) -> list[bytes]:
    parsed = fastavro.parse_schema(bare(schema))
    return [written(parsed, value) for value in values]


def written(parsed: Any, value: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parsed, value)
    return out.getvalue()


def flat(schema: Any, value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for field in schema["fields"]:
        kind = field["type"]
        inner = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
        here = None if value is None else value[field["name"]]
        if isinstance(inner, dict) and inner["type"] == "record":
            yield from flat(inner, here, f"{path}{field['name']}.")
        else:
            yield path + field["name"], here


def plain(array: pa.Array) -> list[Any]:
    array.validate(full=True)
    if pa.types.is_temporal(array.type):
        array = array.view(pa.int32() if array.type.bit_width == 32 else pa.int64())
    return [exact(value) for value in array.to_pylist()]


def exact(value: Any) -> Any:
    """Floats as their bits, all NaN alike."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


def both(schema: Any, payloads: list[bytes], skip: int = 0) -> Decoded:
    """Decode by column and one by one, check that they agree in everything, and give what they gave."""
    columns = ColumnDecoder(schema, small_batch=0).decode(payloads, skip)
    rows = ColumnDecoder(schema, small_batch=10**9).decode(payloads, skip)
    assert columns.bad == rows.bad
    assert columns.columns.keys() == rows.columns.keys()
    for name, array in columns.columns.items():
        assert array.type == rows.columns[name].type
        assert plain(array) == plain(rows.columns[name]), name
    return columns


@BOUNDED
@given(batch(), st.sampled_from((b"", b"\xc3\x0112345678")))
def test_every_value_comes_back_as_it_was_written(made: tuple[Any, list[dict[str, Any]]], prefix: bytes) -> None:
    schema, values = made
    decoded = both(schema, [prefix + body for body in avro(schema, values)], len(prefix))
    assert not decoded.bad
    expected = [dict(flat(schema, value)) for value in values]
    for name, array in decoded.columns.items():
        assert plain(array) == [exact(row[name]) for row in expected], name


@BOUNDED
@given(batch(least=3), st.data())
def test_a_message_cut_anywhere_is_a_bad_row_and_its_neighbours_are_untouched(
    made: tuple[Any, list[dict[str, Any]]], data: st.DataObject
) -> None:
    schema, values = made
    payloads = avro(schema, values)
    row = data.draw(st.integers(0, len(payloads) - 1))
    whole = both(schema, payloads)
    for size in range(min(len(payloads[row]), 40)):
        spoilt = both(schema, [*payloads[:row], payloads[row][:size], *payloads[row + 1 :]])
        assert list(spoilt.bad) == [row]
        assert spoilt.bad[row].reason.startswith("truncated: ")
        untouched(whole, spoilt, row)


@BOUNDED
@given(batch(least=2), st.data(), st.binary(min_size=1, max_size=20))
def test_bytes_behind_the_last_field_make_a_bad_row(
    made: tuple[Any, list[dict[str, Any]]], data: st.DataObject, garbage: bytes
) -> None:
    schema, values = made
    payloads = avro(schema, values)
    row = data.draw(st.integers(0, len(payloads) - 1))
    spoilt = both(schema, [*payloads[:row], payloads[row] + garbage, *payloads[row + 1 :]])
    assert spoilt.bad[row].reason == f"trailing-bytes: {len(garbage)} bytes after the last field"
    untouched(both(schema, payloads), spoilt, row)


@settings(BOUNDED, max_examples=150)
@given(batch(least=2), st.data())
def test_changed_bytes_never_show_in_another_row(made: tuple[Any, list[dict[str, Any]]], data: st.DataObject) -> None:
    schema, values = made
    payloads = avro(schema, values)
    row = data.draw(st.integers(0, len(payloads) - 1))
    changed = bytearray(payloads[row])
    for _ in range(data.draw(st.integers(1, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    spoilt = both(schema, [*payloads[:row], bytes(changed), *payloads[row + 1 :]])
    untouched(both(schema, payloads), spoilt, row)


@settings(BOUNDED, max_examples=150)
@given(record(), st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 10))
def test_random_bytes_never_crash_and_both_paths_say_the_same(made: Leaf, payloads: list[bytes], skip: int) -> None:
    both(made[0], payloads, skip)


def untouched(whole: Decoded, spoilt: Decoded, row: int) -> None:
    assert set(spoilt.bad) <= {row}
    for name, array in whole.columns.items():
        before, after = plain(array), plain(spoilt.columns[name])
        assert before[:row] + before[row + 1 :] == after[:row] + after[row + 1 :]


def one(kind: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}, {"name": "x", "type": kind}]}


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("boolean", b"\x07", "malformed: x: a boolean of 7"),
        ("int", b"\xfe\xff\xff\xff\xff\x01", "malformed: x: 34359738367 is not a 32-bit int"),
        ("int", b"\x80\x80\x80\x80\x10", "malformed: x: 2147483648 is not a 32-bit int"),
        ("long", b"\xff" * 10 + b"\x01", "malformed: x: a number of more than 10 bytes"),
        ("long", b"\xff" * 9 + b"\x02", "malformed: x: a number of more than 64 bits"),
        ("string", b"\x03abc", "malformed: x: a length of -2"),
        ("string", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "truncated: x: the message ends inside it"),
        ("string", b"\x04\xc3\x28", "malformed: x: text that is not UTF-8"),
        ("bytes", b"\x80\x80\x80\x80\x80\x20abc", "truncated: x: the message ends inside it"),
        (["null", "int"], b"\x01", "malformed: x: union branch -1 of 2"),
        (["int", "null"], b"\x04\x02", "malformed: x: union branch 2 of 2"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x01", "malformed: x: enum index -1 of 2"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x04", "malformed: x: enum index 2 of 2"),
        (
            {"type": "array", "items": "null"},
            b"\x80\x80\x80\x80\x20",
            "malformed: x: a list of 4294967296 items in 0 bytes",
        ),
        (
            {"type": "array", "items": "null"},
            b"\x80\x80\x80\x80\x20\x00",
            "malformed: x: a list of 4294967296 items in 1 bytes",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_keeps_the_fields_before_it(kind: Any, body: bytes, reason: str) -> None:
    good = b"\x04me" + written(fastavro.parse_schema(one(kind)), {"id": "", "x": sample(kind)})[1:]
    decoded = both(one(kind), [good, b"\x04me" + body, good])
    assert {row: bad.reason for row, bad in decoded.bad.items()} == {1: reason}
    assert decoded.bad[1].field == "x"
    assert decoded.columns["id"].to_pylist() == ["me", "me", "me"]
    assert decoded.columns["x"][1].as_py() is None


def sample(kind: Any) -> Any:
    values = {"boolean": True, "int": 5, "long": 2**40, "string": "abc", "bytes": b"abc"}
    if isinstance(kind, str):
        return values[kind]
    return 5 if isinstance(kind, list) else "b" if kind["type"] == "enum" else [None, None]


def test_one_long_text_among_many_short_ones_costs_its_own_length_only() -> None:
    texts = ["x" * 3_000_000, *("abc"[: n % 4] for n in range(3000))]
    schema = one("int")
    payloads = avro(schema, [{"id": text, "x": 1} for text in texts])
    pool = pa.default_memory_pool().bytes_allocated()
    decoded = ColumnDecoder(schema).decode(payloads)
    assert decoded.columns["id"].to_pylist() == texts
    assert pa.default_memory_pool().bytes_allocated() - pool < 10_000_000


def test_five_hundred_numbers_in_a_row_are_walked_without_a_text_between() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": f"x{n}", "type": "double"} for n in range(700)]}
    payloads = avro(schema, [{f"x{n}": float(n) for n in range(700)}] * 3)
    decoded = both(schema, [payloads[0], payloads[1][:100], payloads[2][:3]])
    assert set(decoded.bad) == {1, 2}
    assert [array[0].as_py() for array in decoded.columns.values()] == [float(n) for n in range(700)]


GENERAL = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "list", "type": {"type": "array", "items": ["null", "double"]}},
        {"name": "map", "type": ["null", {"type": "map", "values": "long"}]},
        {"name": "number", "type": ["null", "int", "double"]},
        {"name": "any", "type": ["null", "string", {"type": "array", "items": "int"}]},
        {"name": "tree", "type": {"type": "record", "name": "T", "fields": [
            {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "T"]}]}},
    ],
}  # fmt: skip


def test_lists_maps_general_unions_and_records_within_themselves_are_read_too() -> None:
    tree = {"v": 1, "next": {"v": 2, "next": None}}
    values = [
        {"id": "a", "list": [1.5, None], "map": {"k": 2**40}, "number": 3, "any": [1, 2], "tree": tree},
        {"id": "b", "list": [], "map": None, "number": 2.5, "any": "text", "tree": {"v": 1, "next": None}},
    ]
    decoded = both(GENERAL, avro(GENERAL, values))
    assert not decoded.bad
    assert decoded.columns["list"].to_pylist() == [[1.5, None], []]
    assert decoded.columns["map"].to_pylist() == [[("k", 2**40)], None]
    assert decoded.columns["number"].to_pylist() == [3.0, 2.5]
    assert decoded.columns["any"].to_pylist() == ["[1,2]", '"text"']
    assert decoded.columns["tree.v"].to_pylist() == [1, 1]


@BOUNDED
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_random_bytes_never_crash_the_path_for_general_schemas(payloads: list[bytes]) -> None:
    both(GENERAL, payloads)


def test_records_nested_without_end_are_a_bad_row() -> None:
    endless = b"\x02a" + b"\0" + b"\0" + b"\0" + b"\0" + b"\x02\x02" * 100_000
    decoded = both(GENERAL, [endless])
    assert decoded.bad[0].reason.startswith("malformed: ")
