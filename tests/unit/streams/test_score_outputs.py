"""Answers, log blocks and dead letters of a batch: everything is accounted for."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace import topics
from headrace.wire.answer import AnswerWriter, read_schema
from headrace.wire.logblock import LogHeader, decode_block
from streams.engine.outputs import Outputs, Record
from streams.score.core import handle
from streams.score.outputs import DEAD_LETTER_BYTES, REFUSED_BYTES, Origin, OutputWriter
from streams.score.serving import Serving
from tests.fakes.models import MODEL, RAISES, RELEASE, Rising, serving
from tests.fakes.records import request

WRITER = OutputWriter(MODEL, "score-1", AnswerWriter(read_schema(topics.schemas_folder() / "avro")), lambda p: p % 2)
NOW_US = 1_700_000_000_000_000
TOPIC = f"{MODEL}.requests"
REFUSED = "undeliverable: its outputs are larger than Kafka takes"
SPLIT = serving(Rising(), Rising(50.0), shares=(4000, 6000))


@dataclass(frozen=True, slots=True)
class Row:
    """A request at its place."""

    partition: int
    offset: int
    value: bytes | None
    refused: bool = False
    key: bytes | None = b"k"


def written(
    rows: list[Row], served: Serving | None = None, previous: dict[int, int] | None = None
) -> tuple[Outputs, Serving]:
    served = served or serving()
    origin = Origin(
        topic=TOPIC,
        partition=np.array([row.partition for row in rows], np.int32),
        offset=np.array([row.offset for row in rows], np.int64),
        keys=[row.key for row in rows],
        values=[row.value for row in rows],
    )
    requests = served.reader.read(origin.values)
    decided = handle(requests, served, {i: REFUSED for i, row in enumerate(rows) if row.refused})
    before = {(TOPIC, partition): last for partition, last in (previous or {}).items()}
    return WRITER.write(requests, origin, decided, served, before, NOW_US), served


def answers(outputs: Outputs) -> dict[tuple[int, int], Any]:
    found = [json.loads(message["value"]) for message in outputs.messages]
    return {(answer["source_partition"], answer["source_offset"]): answer for answer in found}


def blocks(outputs: Outputs) -> list[tuple[Record, LogHeader, pa.Table]]:
    return [(one, *decode_block(one.value or b"")) for one in outputs.records if one.topic == f"{MODEL}.logs"]


def dead_letters(outputs: Outputs) -> list[tuple[Record, dict[str, str]]]:
    found = [one for one in outputs.records if one.topic == f"{MODEL}.dead-letters"]
    return [(one, {name: text.decode() for name, text in one.headers}) for one in found]


GOOD, UNIDENTIFIED = request("good", amount=60.0), b"\xff\x00"
VALUES = st.sampled_from(
    [GOOD, GOOD, GOOD, request("lacking"), request("raising", amount=RAISES), UNIDENTIFIED, None, b""]
)


@st.composite
def batches(draw: st.DrawFn) -> list[Row]:
    """Rows of up to three partitions, interleaved; offsets rise within a partition and have gaps."""
    ends: dict[int, int] = {}
    rows = []
    for _ in range(draw(st.integers(1, 40))):
        partition = draw(st.integers(0, 2))
        ends[partition] = ends.get(partition, -1) + draw(st.integers(1, 3))
        rows.append(Row(partition, ends[partition], draw(VALUES), refused=draw(st.integers(0, 9)) == 0))
    return rows


@settings(deadline=None)
@given(batches(), st.booleans())
def test_every_request_is_counted_once_whatever_became_of_it(rows: list[Row], two_variants: bool) -> None:
    outputs, _ = written(rows, SPLIT if two_variants else None)
    answered, counted = answers(outputs), []
    for record, header, table in blocks(outputs):
        ours = [row for row in rows if row.partition == header.source_partition]
        counted += ours
        logged = table["source_offset"].to_pylist()
        rejects = [offset for offset, _, _ in header.rejects]
        assert record.partition == header.source_partition % 2
        assert (header.first_offset, header.last_offset) == (ours[0].offset, ours[-1].offset)
        assert header.received == len(ours) == header.rejected + sum(header.versions.values())
        assert header.answered == header.received - header.unidentified
        assert header.logged == len(logged) == sum(header.versions.values())
        assert header.unidentified == sum(name is None for _, name, _ in header.rejects)
        assert header.rejected == len(rejects)
        assert sorted(logged + rejects) == [row.offset for row in ours]
        assert header.answered == sum(place[0] == header.source_partition for place in answered)
        versions = [answered[header.source_partition, offset]["version"] for offset in logged]
        assert header.versions == {version: versions.count(version) for version in set(versions)}
    assert len(counted) == len(rows)
    assert len(dead_letters(outputs)) == sum(header.rejected for _, header, _ in blocks(outputs))
    assert len(answered) == len(outputs.messages)


@settings(deadline=None)
@given(batches())
def test_a_logged_row_says_what_its_answer_says(rows: list[Row]) -> None:
    outputs, _ = written(rows, SPLIT)
    answered = answers(outputs)
    for _, header, table in blocks(outputs):
        for row in table.to_pylist():
            answer = answered[header.source_partition, row["source_offset"]]
            assert answer["status"] == "ok" and answer["release"] == header.release == RELEASE
            assert [row["score"]] == answer["scores"] and row["decision"] == answer["decision"]
            assert (row["version"], row["variant"]) == (answer["version"], answer["variant"])
            assert row["request_id"] == answer["request_id"] and row["inclusion_probability"] == 1.0


def test_a_request_that_nobody_can_be_told_of_has_a_dead_letter_and_no_answer() -> None:
    outputs, _ = written([Row(0, 5, UNIDENTIFIED), Row(0, 6, request("a", amount=RAISES)), Row(0, 7, GOOD)])
    assert {place: answer["status"] for place, answer in answers(outputs).items()} == {
        (0, 6): "rejected",
        (0, 7): "ok",
    }
    assert [(letter.value, told["source-offset"]) for letter, told in dead_letters(outputs)] == [
        (UNIDENTIFIED, "5"),
        (request("a", amount=RAISES), "6"),
    ]
    (_, header, _), *_ = blocks(outputs)
    assert (header.received, header.answered, header.rejected, header.unidentified, header.logged) == (3, 2, 2, 1, 1)


def test_a_rejected_answer_names_its_reason_and_no_version() -> None:
    outputs, _ = written([Row(0, 0, request("a", amount=RAISES))])
    ((_, answer),) = answers(outputs).items()
    assert answer["reason"].startswith("model-error: ArithmeticError")
    assert (answer["version"], answer["variant"], answer["scores"], answer["decision"]) == ("", "", [], None)
    assert outputs.messages[0]["key"] == b"k"


def test_a_dead_letter_carries_key_bytes_reason_and_origin() -> None:
    outputs, _ = written([Row(2, 41, b"\x01\x02", key=b"customer")])
    ((letter, told),) = dead_letters(outputs)
    assert (letter.key, letter.value) == (b"customer", b"\x01\x02")
    assert told.pop("reason").startswith("unknown-format")
    assert told == {
        "source-topic": TOPIC,
        "source-partition": "2",
        "source-offset": "41",
        "worker": "score-1",
        "scored-at-us": str(NOW_US),
    }


def test_a_request_without_a_value_is_a_dead_letter_without_one() -> None:
    ((letter, told),) = dead_letters(written([Row(0, 0, None)])[0])
    assert letter.value is None and told["reason"].startswith("empty") and "cut-from-bytes" not in told


def test_a_long_dead_letter_is_cut_and_says_so() -> None:
    whole, long = b"\xff" * DEAD_LETTER_BYTES, b"\xff" * (DEAD_LETTER_BYTES + 1)
    (kept, told_kept), (cut, told_cut) = dead_letters(written([Row(0, 0, whole), Row(0, 1, long)])[0])
    assert kept.value == whole and "cut-from-bytes" not in told_kept
    assert cut.value == whole and told_cut["cut-from-bytes"] == str(DEAD_LETTER_BYTES + 1)


def test_of_a_request_that_kafka_would_not_take_again_little_is_kept() -> None:
    value = request("big" * 50, amount=1.0, colour="x" * 5000)
    outputs, _ = written([Row(0, 3, value, refused=True)])
    ((letter, told),) = dead_letters(outputs)
    assert letter.value == value[:REFUSED_BYTES] and told["cut-from-bytes"] == str(len(value))
    ((_, answer),) = answers(outputs).items()
    assert answer["reason"] == REFUSED


def test_a_key_that_made_a_request_undeliverable_is_left_out_and_told() -> None:
    """Else its answer and its dead letter would be too large again, and its partition would stand for ever."""
    outputs, _ = written([Row(0, 3, GOOD, refused=True, key=b"x" * 1_000_000), Row(0, 4, GOOD, refused=True)])
    (letter, told), (short, told_short) = dead_letters(outputs)
    assert letter.key is None and told["key-left-out-bytes"] == "1000000"
    assert short.key == b"k" and "key-left-out-bytes" not in told_short
    assert [message["key"] for message in outputs.messages] == [None, b"k"]


def test_each_partition_has_its_own_block_and_its_own_last_one_before() -> None:
    rows = [Row(1, 100, GOOD), Row(0, 7, GOOD), Row(1, 101, UNIDENTIFIED), Row(0, 9, GOOD)]
    outputs, _ = written(rows, previous={0: 6, 1: 99})
    assert {
        header.source_partition: (header.previous_last_offset, header.first_offset, header.last_offset)
        for _, header, _ in blocks(outputs)
    } == {0: (6, 7, 9), 1: (99, 100, 101)}


def test_the_first_block_of_a_partition_follows_none() -> None:
    (_, header, _), *_ = blocks(written([Row(0, 0, GOOD)])[0])
    assert header.previous_last_offset == -1


def test_a_batch_too_large_for_one_block_is_a_chain_of_blocks() -> None:
    random = np.random.default_rng(0)
    values = [request(random.bytes(100).hex(), amount=1.0, colour=random.bytes(3000).hex()) for _ in range(200)]
    outputs, _ = written([Row(0, 10 + i, value) for i, value in enumerate(values)], previous={0: 9})
    headers = [header for _, header, _ in blocks(outputs)]
    assert len(headers) > 1
    assert [header.previous_last_offset for header in headers] == [9, *(h.last_offset for h in headers[:-1])]
    assert sum(header.received for header in headers) == 200
