"""JSON requests are decoded all at once while all are sound: nothing may depend on what else is in the batch."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.features import FeatureSet
from headrace.wire.request import RequestReader, Requests
from tests.unit.wire.conftest import FEATURES, Schemas, requests

READER = RequestReader("flights", FeatureSet.parse(FEATURES), Schemas())
SOUND = [msgspec.json.encode(value) for value in requests(12)]
TIMED = [
    SOUND[0].replace(b'"event_time":1357000000000', b'"event_time":' + text)
    for text in (b'"2013-01-01T00:00:00.1239Z"', b'"1969-12-31T23:59:59.9999+02:00"', b'"2013-01-01T00:00:00"', b"1.5")
]
ODD = [
    b"{}",
    b"{",
    SOUND[1] + b"\n" + SOUND[2],
    SOUND[1][:-1],
    SOUND[2].replace(b'"temp"', b'"temp":1e400,"temp"'),
    SOUND[2].replace(b'"miles":', b'"miles":9223372036854775808,"miles":'),
    SOUND[3].replace(b"carrier", b"\xff"),
    SOUND[3].replace(b'"carrier":"', b'"carrier":"\\ud800'),
    SOUND[4].replace(b'"request_id":"', b'"request_id":"' + b"x" * 300),
    SOUND[5].replace(b"{", b"\n{ ", 1).lstrip(),
    b"[" + SOUND[6] + b"]",
]


def row(batch: Requests, index: int) -> list[Any]:
    columns = [batch.request_id, batch.entity, batch.event_time, *batch.features.values()]
    return [batch.format[index], batch.rejects.get(index), *(column[index].as_py() for column in columns)]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([*SOUND, *SOUND, *TIMED, *ODD]), min_size=1, max_size=8))
def test_a_json_request_reads_the_same_whatever_is_beside_it(values: list[bytes]) -> None:
    together, beside_others = READER.read(values), READER.read([*values, b"\xff"])
    for index, value in enumerate(values):
        alone = row(READER.read([value]), 0)
        assert row(together, index) == alone
        assert row(beside_others, index) == alone


def test_json_that_is_too_large_is_rejected_beside_json_that_is_not() -> None:
    large = SOUND[0].replace(b'"note":', b'"note":' + b" " * 500)
    batch = READER.read([SOUND[1], large], max_bytes=len(large) - 1)
    assert list(batch.rejects) == [1] and batch.rejects[1].reason.startswith("too-large")
    assert batch.request_id.to_pylist() == [requests(2)[1]["request_id"], requests(1)[0]["request_id"]]
