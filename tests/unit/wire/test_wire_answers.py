"""Answers of mixed batches: each in its request's format, rejected ones among the others, none where nobody asked."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.wire.answer import Answers, AnswerWriter
from headrace.wire.framing import Format
from headrace.wire.request import RequestReader
from tests.unit.wire.conftest import requests, single
from tests.unit.wire.test_wire_main_path import ANSWER, SCORED_AT, answers_to, read_back
from tests.unit.wire.test_wire_requests import mixed

AVRO_HEAD = b"\xc3\x01"


@pytest.mark.parametrize("count", [10, 300])
@pytest.mark.parametrize("answer_id", [None, 9])
def test_a_mixed_batch_is_answered_row_by_row(
    reader: RequestReader, schema: dict[str, Any], count: int, answer_id: int | None
) -> None:
    batch = reader.read(mixed(schema, count))
    values = AnswerWriter(ANSWER, answer_id=answer_id).write(answers_to(batch))
    for row, value in enumerate(values):
        name = batch.request_id[row].as_py()
        if name is None:
            assert value is None
            continue
        assert value is not None
        head = {
            Format.AVRO: AVRO_HEAD,
            Format.JSON: b"{",
            Format.CONFLUENT: b"\0\0\0\0\x09" if answer_id else AVRO_HEAD,
        }
        assert value.startswith(head[Format(batch.format[row])])
        answer, reject = read_back(value), batch.rejects.get(row)
        assert answer["request_id"] == name
        assert (answer["status"], answer["reason"]) == (("rejected", reject.reason) if reject else ("ok", None))
        assert answer["scores"] == ([] if reject else [row / 8])
        assert answer["decision"] == (None if reject else row / 8 > 0.5)
        assert (answer["version"], answer["variant"]) == (("", "") if reject else ("v1", "champion"))
        assert (answer["source_partition"], answer["source_offset"], answer["release"]) == (3, row + 100, "ab12")


def test_versions_variants_flags_partitions_and_times_may_differ_by_row(
    reader: RequestReader, schema: dict[str, Any]
) -> None:
    sent = requests(40)
    batch = reader.read([single(schema, v) if row % 2 else msgspec.json.encode(v) for row, v in enumerate(sent)])
    more = {
        "version": pa.array([f"v{row % 3}" for row in range(40)]),
        "variant": pa.array(["champion", "challenger"] * 20),
        "flags": pa.array([["pinned"] if row % 4 == 0 else [] for row in range(40)]),
        "source_partition": np.arange(40, dtype=np.int32) % 5,
        "scored_at": SCORED_AT + np.arange(40),
        "decision": None,
    }
    for row, value in enumerate(AnswerWriter(ANSWER).write(answers_to(batch, **more))):
        assert value is not None
        answer = read_back(value)
        assert (answer["version"], answer["source_partition"]) == (f"v{row % 3}", row % 5)
        assert answer["variant"] == ("challenger" if row % 2 else "champion")
        assert answer["flags"] == (["pinned"] if row % 4 == 0 else [])
        assert answer["decision"] is None
        at = answer["scored_at"] if row % 2 else datetime.fromisoformat(answer["scored_at"])
        assert at == datetime.fromtimestamp((SCORED_AT + row) // 10**6, UTC).replace(
            microsecond=(SCORED_AT + row) % 10**6
        )


def test_a_json_answer_has_the_fields_of_the_record_and_times_as_text_in_utc(reader: RequestReader) -> None:
    batch = reader.read([msgspec.json.encode(requests(1)[0])])
    (value,) = AnswerWriter(ANSWER).write(answers_to(batch))
    answer = json.loads(value or b"")
    assert list(answer) == [field["name"] for field in ANSWER["fields"]]
    assert (answer["event_time"], answer["scored_at"]) == ("2013-01-01T00:26:40.000Z", "2023-11-14T22:13:20.123456Z")


def test_no_requests_give_no_answers(reader: RequestReader) -> None:
    assert AnswerWriter(ANSWER).write(answers_to(reader.read([]))) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=20), st.floats(allow_nan=False), st.integers(0, 2**63 - 1)), max_size=30
    )
)
def test_answers_read_back_as_they_were_given_in_both_formats(rows: list[tuple[str, float, int]]) -> None:
    n = len(rows)
    for form in (Format.AVRO, Format.JSON):
        answers = Answers(
            format=np.full(n, form, np.uint8),
            request_id=pa.array([name for name, _, _ in rows], pa.string()),
            ok=np.ones(n, np.bool_),
            reason=None,
            model="m",
            version="v",
            variant="w",
            release="r",
            score=np.array(
                [score if form is Format.AVRO or abs(score) < 1e308 else 0 for _, score, _ in rows], np.float64
            ),
            decision=None,
            source_partition=0,
            source_offset=np.array([offset for _, _, offset in rows], np.int64),
            event_time=pa.nulls(n, pa.timestamp("ms", tz="UTC")),
            scored_at=0,
        )
        back = [read_back(value or b"") for value in AnswerWriter(ANSWER).write(answers)]
        assert [answer["request_id"] for answer in back] == [name for name, _, _ in rows]
        assert [answer["scores"] for answer in back] == [[score] for score in answers.score.tolist()]
        assert [answer["source_offset"] for answer in back] == [offset for _, _, offset in rows]
        assert {answer["event_time"] for answer in back} <= {None}
