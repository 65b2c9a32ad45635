"""Old and new writer schemas are read by Avro's rules, on columns; fastavro's own resolution is the reference."""

import copy
import io
import json
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.features import FeatureSet
from headrace.wire import framing
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.avro_schema import parse_record
from headrace.wire.request import RequestReader, request_schema
from headrace.wire.resolve import Resolution
from tests.unit.wire.conftest import FEATURES, Schemas, avro, requests, single
from tests.unit.wire.test_wire_decoding import BOUNDED, bare, exact, plain


def written_with(change: Any) -> dict[str, Any]:
    """The request schema of a writer whose features differ."""
    features = copy.deepcopy(FEATURES)
    change(features["fields"])
    return request_schema("flights", FeatureSet.parse(features))


def field(fields: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in fields if each["name"] == name)


def reader_of(schema: dict[str, Any], features: dict[str, Any] = FEATURES) -> RequestReader:
    return RequestReader("flights", FeatureSet.parse(features), Schemas(schema))


def test_a_field_that_an_old_writer_lacks_takes_its_default_and_one_it_has_too_many_is_passed_over() -> None:
    def change(fields: list[dict[str, Any]]) -> None:
        fields[:] = [each for each in fields if each["name"] not in ("seats", "heavy", "filed")]
        fields.insert(1, {"name": "retired", "type": {"type": "array", "items": "string"}})

    schema = written_with_raw(change)
    sent = requests(50)
    batch = reader_of(schema).read([single(schema, with_features(value, retired=["x"])) for value in sent])
    assert not batch.rejects
    assert batch.features["seats"].null_count == 50
    assert batch.features["heavy"].to_pylist() == [False] * 50
    assert batch.features["filed"].view(pa.int64()).to_pylist() == [0] * 50
    assert batch.features["note"].to_pylist() == [value["features"]["note"] for value in sent]


def written_with_raw(change: Any) -> dict[str, Any]:
    """Like written_with, for fields that no feature set may have but a writer's schema may."""
    schema = copy.deepcopy(request_schema("flights", FeatureSet.parse(FEATURES)))
    schema["fields"][3]["type"] = copy.deepcopy(FEATURES)
    change(schema["fields"][3]["type"]["fields"])
    return schema


def with_features(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return value | {"features": value["features"] | more}


def test_a_field_without_a_default_that_the_writer_lacks_rejects_its_rows_by_name() -> None:
    schema = written_with(lambda fields: fields.remove(field(fields, "distance")))
    batch = reader_of(schema).read([single(schema, value) for value in requests(3)])
    why = "missing-feature: distance is not in the writer's schema and has no default"
    assert [reject.reason for reject in batch.rejects.values()] == [why] * 3
    assert all(reject.identified for reject in batch.rejects.values())


@pytest.mark.parametrize(("wrote", "value"), [("string", "far"), ("boolean", True), (["null", "string"], None)])
def test_types_that_cannot_be_read_reject_their_rows_by_name(wrote: Any, value: Any) -> None:
    schema = written_with(lambda fields: field(fields, "distance").update(type=wrote))
    batch = reader_of(schema).read([single(schema, with_features(each, distance=value)) for each in requests(2)])
    assert {reject.reason.split(":")[0] for reject in batch.rejects.values()} == {"incompatible-schema"}
    assert len(batch.rejects) == 2


def test_a_null_where_the_reader_has_none_rejects_that_row_only() -> None:
    schema = written_with(lambda fields: field(fields, "distance").update(type=["null", "double"]))
    values = [with_features(each, distance=None if row == 1 else 2.0) for row, each in enumerate(requests(40))]
    batch = reader_of(schema).read([single(schema, value) for value in values])
    assert {row: reject.reason for row, reject in batch.rejects.items()} == {1: "missing-feature: distance is null"}


def test_a_renamed_field_is_found_by_its_alias() -> None:
    features = copy.deepcopy(FEATURES)
    field(features["fields"], "temp").update(name="temperature", aliases=["temp"])
    schema = written_with(lambda fields: None)
    sent = requests(30)
    batch = reader_of(schema, features).read([single(schema, value) for value in sent])
    assert batch.features["temperature"].to_pylist() == [value["features"]["temp"] for value in sent]


def test_symbols_that_the_reader_does_not_know_are_its_default_or_a_reject() -> None:
    def more(fields: list[dict[str, Any]]) -> None:
        field(fields, "origin")["type"] = {"type": "enum", "name": "Origin", "symbols": ["SFO", "LGA", "JFK", "EWR"]}

    schema = written_with(more)
    values = [with_features(each, origin="SFO" if row == 1 else "JFK") for row, each in enumerate(requests(30))]
    payloads = [single(schema, value) for value in values]
    batch = reader_of(schema).read(payloads)
    assert {row: reject.reason for row, reject in batch.rejects.items()} == {
        1: "invalid-feature: features.origin: SFO is not one of its symbols"
    }
    assert batch.features["origin"].to_pylist() == ["JFK", None, *["JFK"] * 28]
    lenient = copy.deepcopy(FEATURES)
    field(lenient["fields"], "origin")["type"]["default"] = "LGA"
    batch = reader_of(schema, lenient).read(payloads)
    assert batch.features["origin"].to_pylist() == ["JFK", "LGA", *["JFK"] * 28]


def test_milliseconds_read_as_microseconds_are_the_same_instant() -> None:
    """By schema number: a fingerprint does not see logical types, so it cannot tell these two schemas apart."""
    features = copy.deepcopy(FEATURES)
    field(features["fields"], "filed")["type"]["logicalType"] = "timestamp-micros"
    schema = written_with(lambda fields: None)
    reader = RequestReader("flights", FeatureSet.parse(features), Schemas(numbered={7: schema}))
    batch = reader.read([framing.confluent(7) + avro(schema, value) for value in requests(30)])
    assert batch.features["filed"].view(pa.int64())[5].as_py() == (1_356_000_000_000 + 5) * 1000


def test_a_day_is_not_read_as_an_instant() -> None:
    features = copy.deepcopy(FEATURES)
    field(features["fields"], "built")["type"] = ["null", {"type": "long", "logicalType": "timestamp-millis"}]
    schema = written_with(lambda fields: None)
    batch = reader_of(schema, features).read([single(schema, value) for value in requests(2)])
    assert {reject.reason.split(":")[0] for reject in batch.rejects.values()} == {"incompatible-schema"}


NUMBERS = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
}
TEXTS = {"string": st.text(max_size=9), "bytes": st.text(max_size=9).map(str.encode)}
PAIRS = [
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
]


@BOUNDED
@given(st.data(), st.sampled_from([*PAIRS, ("string", "bytes"), ("bytes", "string")]), st.booleans(), st.booleans())
def test_promotions_are_those_of_fastavro(data: st.DataObject, pair: tuple[str, str], null: bool, few: bool) -> None:
    wrote, reads = (
        {"type": "record", "name": "R", "fields": [{"name": "x", "type": ["null", kind] if null else kind}]}
        for kind in pair
    )
    value = (NUMBERS | TEXTS)[pair[0]]
    values = data.draw(st.lists(st.none() | value if null else value, max_size=8))
    payloads = [avro(wrote, {"x": each}) for each in values]
    decoded = ColumnDecoder(wrote, small_batch=10**9 if few else 0).decode(payloads)
    resolved = Resolution(parse_record(wrote), parse_record(reads)).apply(decoded.columns, len(values))
    assert not resolved.faults
    expected = [reference(payload, wrote, reads)["x"] for payload in payloads]
    if reads == "float" or pair[1] == "float":
        expected = pa.array(expected, pa.float64()).cast(pa.float32(), safe=False).to_pylist()
    assert plain(resolved.columns["x"]) == [exact(each) for each in expected]


def reference(payload: bytes, wrote: Any, reads: Any) -> dict[str, Any]:
    out = fastavro.schemaless_reader(
        io.BytesIO(payload), *(fastavro.parse_schema(json.loads(json.dumps(bare(s)))) for s in (wrote, reads))
    )
    return {name: float(v) if isinstance(v, int) and "double" in json.dumps(reads) else v for name, v in out.items()}


def test_bytes_that_are_no_text_reject_their_row() -> None:
    schema = written_with_raw(lambda fields: field(fields, "carrier").update(type="bytes"))
    values = [with_features(each, carrier=b"\xff" if row == 2 else b"UA") for row, each in enumerate(requests(30))]
    batch = reader_of(schema).read([single(schema, value) for value in values])
    assert list(batch.rejects) == [2]
    assert batch.rejects[2].reason.startswith("malformed: ")
    assert batch.features["carrier"][3].as_py() == "UA"
