"""Labels: read in both formats, and what is unfit is told with a reason."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.wire.framing import fingerprint, single_object
from headrace.wire.label import Label, LabelReader, label_schema

AT = 1_700_000_000_000
HEADER = single_object(fingerprint(label_schema()))


def avro(**changes: Any) -> bytes:
    record = {"request_id": "a", "label": True, "label_time": AT} | changes
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(label_schema()), record)
    return HEADER + out.getvalue()


def as_json(**changes: Any) -> bytes:
    return json.dumps({"request_id": "a", "label": True, "label_time": AT} | changes).encode()


@pytest.mark.parametrize("write", [avro, as_json])
@pytest.mark.parametrize(("sent", "value"), [(True, 1.0), (False, 0.0), (1.0, 1.0), (0.0, 0.0)])
def test_yes_is_one_and_no_is_zero(write: Any, sent: Any, value: float) -> None:
    read = LabelReader("classification").read(write(label=sent))
    assert read == Label(request_id="a", value=value, label_time=AT)


@pytest.mark.parametrize("write", [avro, as_json])
def test_a_regression_takes_any_finite_number(write: Any) -> None:
    assert LabelReader("regression").read(write(label=-12.5)).value == -12.5


def test_a_time_in_json_may_be_an_instant_with_its_zone() -> None:
    read = LabelReader("classification").read(as_json(label_time="2023-11-14T23:13:20+01:00"))
    assert (read.label_time, read.reason) == (AT, "")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"yes", "unknown-format"),
        (b"\xc3\x01" + bytes(8), "unknown-schema"),
        (HEADER, "truncated"),
        (avro()[:-1], "truncated"),
        (avro() + b"\0", "trailing-bytes"),
        (HEADER + b"\x02a\x00\x07", "malformed"),
        (as_json()[:-1], "malformed"),
        (b'{"request_id": "\xff"}', "malformed"),
        (as_json(label="yes"), "invalid-field"),
        (as_json(label=None), "invalid-field"),
        (as_json(label=0.7), "invalid-field"),
        (avro(label=float("nan")), "invalid-field"),
        (as_json(request_id=""), "invalid-id"),
        (as_json(label_time="2023-11-14T23:13:20"), "invalid-field"),
        (as_json(label_time=10**15), "invalid-time"),
        (as_json(more=1), "unexpected-field"),
        (b'{"request_id": "a", "label": true}', "missing-field"),
    ],
)
def test_what_cannot_be_a_label_has_a_reason_and_no_value(message: bytes | None, code: str) -> None:
    read = LabelReader("classification").read(message)
    assert read.reason.startswith(f"{code}: ")
    assert read.value is None and read.label_time is None


@given(st.binary(max_size=60))
def test_no_bytes_whatever_raise(noise: bytes) -> None:
    for head in (b"", HEADER, b"{"):
        read = LabelReader("regression").read(head + noise)
        assert (read.value is None) == bool(read.reason)
