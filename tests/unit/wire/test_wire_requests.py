"""Requests in every format become the same columns; what cannot be scored is told by a code and harms nobody else."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.features import FeatureSet
from headrace.wire import framing
from headrace.wire.framing import Format
from headrace.wire.request import RequestReader, Requests, request_schema
from tests.unit.wire.conftest import FEATURES, Schemas, avro, requests, single
from tests.unit.wire.test_wire_decoding import plain

MS = "2013-01-01T05:15:00.250Z"


def same(one: Requests, other: Requests) -> None:
    assert (one.n, one.rejects) == (other.n, other.rejects)
    for name in ("request_id", "entity", "event_time"):
        assert getattr(one, name).equals(getattr(other, name)), name
    assert one.features.keys() == other.features.keys()
    for name, array in one.features.items():
        assert array.type == other.features[name].type
        assert plain(array) == plain(other.features[name]), name


@pytest.mark.parametrize("count", [0, 1, 5, 60])
def test_all_formats_give_the_same_columns(reader: RequestReader, schema: dict[str, Any], count: int) -> None:
    sent = requests(count)
    avro_ = reader.read([single(schema, value) for value in sent])
    assert not avro_.rejects
    assert avro_.request_id.to_pylist() == [value["request_id"] for value in sent]
    assert avro_.features["temp"].to_pylist() == [value["features"]["temp"] for value in sent]
    same(avro_, reader.read([framing.confluent(7) + avro(schema, value) for value in sent]))
    same(avro_, reader.read([msgspec.json.encode(value) for value in sent]))


def mixed(schema: dict[str, Any], count: int) -> list[bytes | None]:
    sent = requests(count)
    forms: list[Callable[[dict[str, Any]], bytes | None]] = [
        lambda value: single(schema, value),
        msgspec.json.encode,
        lambda value: framing.confluent(7) + avro(schema, value),
        lambda value: None,
        lambda value: b"",
        lambda value: b"\xff\xfe random",
        lambda value: single(schema, value)[:-1],
        lambda value: framing.confluent(8) + avro(schema, value),
        lambda value: framing.single_object(b"unknown!") + avro(schema, value),
        lambda value: msgspec.json.encode(value)[:-1],
    ]
    return [forms[(row * 7) % len(forms)](value) for row, value in enumerate(sent)]


@pytest.mark.parametrize("count", [10, 300])
def test_a_mixed_batch_reads_each_row_as_it_would_alone(
    reader: RequestReader, schema: dict[str, Any], count: int
) -> None:
    values = mixed(schema, count)
    together = reader.read(values)
    for row, value in enumerate(values):
        alone = reader.read([value])
        assert together.format[row] == alone.format[0]
        assert together.rejects.get(row) == alone.rejects.get(0)
        assert together.request_id[row].equals(alone.request_id[0])
        assert together.event_time[row].equals(alone.event_time[0])
        for name, array in together.features.items():
            assert array[row].equals(alone.features[name][0])
    assert together.schema_ids is not None
    assert set(together.schema_ids[together.format == Format.CONFLUENT].tolist()) == {7, 8}


def test_a_batch_of_very_many_unknown_schemas_is_rejected_row_by_row(
    reader: RequestReader, schema: dict[str, Any]
) -> None:
    strange = [framing.single_object(number.to_bytes(8, "big")) + b"body" for number in range(50)]
    good = single(schema, requests(1)[0])
    batch = reader.read([value for each in strange for value in (each, good)])
    assert batch.request_id.to_pylist() == [None, requests(1)[0]["request_id"]] * 50
    assert [reject.reason for reject in batch.rejects.values()] == [
        f"unknown-schema: no schema with the fingerprint {number.to_bytes(8, 'big').hex()} is stored"
        for number in range(50)
    ]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b"{" + tail) | st.none(), max_size=8))
def test_random_values_never_crash_and_are_all_rejected(values: list[bytes | None]) -> None:
    reader = RequestReader("flights", FeatureSet.parse(FEATURES), Schemas())
    batch = reader.read(values)
    assert set(batch.rejects) == set(range(len(values)))
    for reject in batch.rejects.values():
        assert reject.reason.split(":")[0] in {
            "empty", "unknown-format", "unknown-schema", "malformed", "truncated",
            "missing-field", "unexpected-field", "invalid-field", "invalid-id",
        }  # fmt: skip


def changed(value: dict[str, Any], /, **outer: Any) -> dict[str, Any]:
    value = copy.deepcopy(value)
    features = outer.pop("features", {})
    value |= outer
    value["features"] |= features
    return {name: each for name, each in value.items() if each is not ...} | {
        "features": {name: each for name, each in value["features"].items() if each is not ...}
    }


def reasons(reader: RequestReader, bad: bytes, good: bytes) -> tuple[str, bool, str | None]:
    """The reason of a bad value between good ones, which must be unharmed."""
    for around in (1, 40):
        batch = reader.read([good] * around + [bad] + [good] * around)
        assert list(batch.rejects) == [around]
        assert batch.features["dep_delay"].null_count == 1
        assert all(array[around].as_py() is None for array in batch.features.values())
    reject = batch.rejects[around]
    assert reject.identified == batch.request_id[around].is_valid
    return reject.reason, reject.identified, batch.request_id[around].as_py()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"features": {"distance": math.nan}}, "invalid-feature: distance is NaN"),
        ({"features": {"temp": math.inf}}, "invalid-feature: temp is infinite"),
        ({"features": {"gust": -math.inf}}, "invalid-feature: gust is infinite"),
        ({"features": {"built": 200_000}}, "invalid-feature: built is not between 1900 and 2299"),
        ({"features": {"filed": 2**62}}, "invalid-feature: filed is not between 1900 and 2299"),
        ({"event_time": -(2**62)}, "invalid-time: event_time is not between 1900 and 2299"),
    ],
)
def test_avro_values_that_cannot_be_scored_are_rejected(
    reader: RequestReader, schema: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    good = requests(1)[0]
    told = reasons(reader, single(schema, changed(good, **change)), single(schema, good))
    assert told == (reason, True, good["request_id"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "invalid-id: request_id is empty"), ("ü" * 257, "invalid-id: request_id has more than 256 characters")],
)
def test_a_request_id_must_be_some_text_and_not_too_long(
    reader: RequestReader, schema: dict[str, Any], name: str, reason: str
) -> None:
    good = requests(1)[0]
    bad = changed(good, request_id=name)
    assert reasons(reader, single(schema, bad), single(schema, good)) == (reason, False, None)
    assert reasons(reader, msgspec.json.encode(bad), msgspec.json.encode(good)) == (reason, False, None)
    longest = changed(good, request_id="ü" * 256)
    assert not reader.read([single(schema, longest)]).rejects


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"features": {"distance": ...}}, "missing-feature"),
        ({"features": {"distance": None}}, "missing-feature"),
        ({"features": {"surprise": 1}}, "unexpected-field"),
        ({"surprise": 1}, "unexpected-field"),
        ({"features": {"distance": "far"}}, "invalid-feature"),
        ({"features": {"dep_delay": 1.5}}, "invalid-feature"),
        ({"features": {"dep_delay": 2**31}}, "invalid-feature"),
        ({"features": {"miles": 2**63}}, "invalid-feature"),
        ({"features": {"heavy": 1}}, "invalid-feature"),
        ({"features": {"origin": "SFO"}}, "invalid-feature"),
        ({"features": {"gust": 1e39}}, "invalid-feature"),
        ({"features": {"built": "2013-13-01"}}, "invalid-feature"),
        ({"event_time": "2013-01-01T05:15:00"}, "invalid-time"),
        ({"event_time": "yesterday"}, "invalid-time"),
        ({"event_time": ...}, "missing-field"),
        ({"entity": 5}, "invalid-field"),
    ],
)
def test_json_that_does_not_fit_is_rejected_and_still_identified(
    reader: RequestReader, change: dict[str, Any], code: str
) -> None:
    good = requests(1)[0]
    reason, identified, name = reasons(reader, msgspec.json.encode(changed(good, **change)), msgspec.json.encode(good))
    assert (reason.split(":")[0], identified, name) == (code, True, good["request_id"])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b'{"request_id":"a\\u00fc","event_time":', "aü"),
        (b'{"event_time": 5, "entity": "x\\"y" , "request_id" : "b" ,,', "b"),
        (b'{"features":{"request_id":"nested"},"x":', None),
        (b'{"entity":"\\"request_id\\":\\"quoted\\"", "features":[', None),
        (b'{"request_id":5', None),
        (b'{"request_id":"cut', None),
        (b'{"request_id":"\\ud800", "x"', None),
        (b"{" + b'"a":1,' * 9000 + b'"request_id":"far",', "far"),
        (b"{" + b'"a":1,' * 90_000 + b'"request_id":"too far",', None),
        (b"{" + b"[" * 100_000, None),
        (b'{"request_id":"deep","features":' + b"[" * 100_000, "deep"),
        (b'{"request_id":"\xff"}', None),
    ],
)
def test_json_that_does_not_parse_is_identified_by_what_stands_before_the_fault(
    reader: RequestReader, value: bytes, name: str | None
) -> None:
    told = reasons(reader, value, msgspec.json.encode(requests(1)[0]))
    assert told[1:] == (name is not None, name)


def test_json_that_is_cut_off_anywhere_is_truncated(reader: RequestReader) -> None:
    whole = json.dumps(changed(requests(1)[0], features={"temp": -1.5e-7})).encode()
    assert b"-1.5e-07" in whole
    batch = reader.read([whole[:cut] for cut in range(1, len(whole))])
    assert {reject.reason.split(":")[0] for reject in batch.rejects.values()} == {"truncated"}
    assert len(batch.rejects) == len(whole) - 1
    garbled = whole.replace(b"-1.5e-07", b"-1.5e-x7")
    assert reasons(reader, garbled, whole)[0].startswith("malformed: ")


def test_json_times_are_text_with_a_zone_or_milliseconds_and_days_are_text_or_days(reader: RequestReader) -> None:
    good = requests(1)[0]
    texts = [MS, "2013-01-01T07:15:00.250+02:00", "2013-01-01T05:15:00.250999Z", 1_357_017_300_250]
    values = [msgspec.json.encode(changed(good, event_time=t, features={"built": "2013-01-01"})) for t in texts]
    batch = reader.read(values)
    assert not batch.rejects
    assert set(batch.event_time.view(pa.int64()).to_pylist()) == {1_357_017_300_250}
    assert set(batch.features["built"].view(pa.int32()).to_pylist()) == {15_706}


def test_json_fields_that_may_be_missing_take_their_defaults(reader: RequestReader) -> None:
    value = changed(requests(1)[0], entity=..., features={"seats": ..., "heavy": ..., "filed": ..., "note": ...})
    batch = reader.read([json.dumps(value).encode()])
    assert not batch.rejects
    assert [batch.features[name][0].as_py() for name in ("seats", "heavy", "note")] == [None, False, None]
    assert batch.features["filed"].view(pa.int64()).to_pylist() == [0]


@pytest.mark.parametrize("form", ["avro", "json"])
def test_a_message_that_is_too_large_is_not_read_but_identified(
    reader: RequestReader, schema: dict[str, Any], form: str
) -> None:
    write = msgspec.json.encode if form == "json" else lambda value: single(schema, value)
    good = write(requests(1)[0])
    large = write(changed(requests(1)[0], features={"note": "x" * 2_000_000}))
    reason, identified, _ = reasons(reader, large, good)
    assert (reason, identified) == (f"too-large: {len(large)} bytes, at most 1000000 are read", True)


def test_features_named_like_words_of_python_are_read_from_json() -> None:
    names = ("class", "None", "_hidden", "__init__", "self", "f0")
    fields = [{"name": name, "type": "int"} for name in names]
    features = FeatureSet.parse({"type": "record", "name": "F", "fields": fields})
    reader = RequestReader("m", features, Schemas())
    body = {"request_id": "a", "event_time": 1, "features": {name: n for n, name in enumerate(names)}}
    batch = reader.read([json.dumps(body).encode()])
    assert not batch.rejects
    assert [batch.features[name][0].as_py() for name in names] == [0, 1, 2, 3, 4, 5]


def test_the_order_of_features_does_not_depend_on_which_may_be_missing(reader: RequestReader) -> None:
    batch = reader.read([msgspec.json.encode(requests(1)[0])])
    assert list(batch.features) == [field["name"] for field in FEATURES["fields"]]


def test_the_fingerprint_does_not_see_defaults_and_sees_types(feature_set: FeatureSet) -> None:
    schema = request_schema("flights", feature_set)
    other = json.loads(json.dumps(schema))
    other["fields"][2].pop("default")
    assert framing.fingerprint(schema) == framing.fingerprint(other)
    other["fields"][2]["type"] = "string"
    assert framing.fingerprint(schema) != framing.fingerprint(other)
    # The example of the Avro specification.
    assert framing.fingerprint("null").hex() == "8a8f25cce724dd63"  # type: ignore[arg-type]
