"""From log blocks and events to ClickHouse: intent, rows, done; the same range is the same insert."""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from confluent_kafka import OFFSET_INVALID, Message, TopicPartition

from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable
from headrace.wire.logblock import LogHeader, encode_block, log_rows, log_schema
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints
from streams.sink.intents import Intents
from streams.sink.ranges import Range
from streams.sink.resume import FromClickHouse
from streams.sink.store import SinkStore
from streams.sink.writing import Writing
from tests.fakes.clickhouse import FakeClickHouse
from tests.fakes.records import record

LOGS = "toy.logs"
PLACE = ("topic", "partition", "offset")
AMOUNT = pa.float64()
NOW_US = 1_700_000_000_000_000
AWAY = ClickHouseUnreachable("inserting", "127.0.0.1:1", "broken pipe")
HEADER = LogHeader(
    model="toy",
    source_topic="toy.requests",
    source_partition=0,
    first_offset=0,
    last_offset=0,
    previous_last_offset=-1,
    received=0,
    answered=0,
    rejected=0,
    unidentified=0,
    logged=0,
    versions={},
    release="ab" * 32,
    worker="score-1",
    scored_at=NOW_US,
    rejects=(),
)


def block(
    offset: int, rows: int = 2, *, rejected: int = 0, partition: int = 0, features: bool = True, of: Any = AMOUNT
) -> Message:
    """The log block at an offset: so many rows, then so many rejections; requests are 100 an offset apart."""
    first = offset * 100
    rejects = tuple((first + rows + i, None if i else f"bad{i}", "malformed: x") for i in range(rejected))
    header = replace(
        HEADER,
        source_partition=partition,
        first_offset=first,
        last_offset=first + rows + rejected - 1,
        previous_last_offset=first - 1,
        received=rows + rejected,
        answered=rows + min(rejected, 1),
        rejected=rejected,
        unidentified=max(0, rejected - 1),
        logged=rows,
        versions={"v1": rows} if rows else {},
        rejects=rejects,
    )
    schema = log_schema({"amount": of} if features else {})
    columns: dict[str, Any] = {
        "request_id": pa.array([f"{partition}-{first + i}" for i in range(rows)], pa.string()),
        "entity": pa.nulls(rows, pa.string()),
        "event_time": pa.array([1_700_000_000_123] * rows, pa.timestamp("ms", tz="UTC")),
        "source_offset": pa.array(np.arange(first, first + rows)),
        "version": pa.array(["v1"] * rows, pa.string()),
        "variant": pa.array(["champion"] * rows, pa.string()),
        "score": pa.array(np.arange(rows) / 10),
        "decision": pa.array([None] * rows, pa.bool_()),
        "scored_at": pa.array([NOW_US] * rows, pa.timestamp("us", tz="UTC")),
        "inclusion_probability": pa.array([1.0] * rows),
    }
    if features:
        columns["f_amount"] = pa.array([1.5] * rows) if of == AMOUNT else pa.array([1] * rows, of)
    return record(LOGS, partition, offset, encode_block(header, log_rows(schema, columns)))


class Group:
    """A consumer group's committed offsets with their notes; `refused` once the partitions are another's."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, int], tuple[int, str]] = {}
        self.refused = False

    def commit(self, next_offsets: Mapping[tuple[str, int], int], note: str) -> None:
        if self.refused:
            raise NotDelivered("UNKNOWN_MEMBER_ID", "committing offsets")
        self.held |= {place: (offset, note) for place, offset in next_offsets.items()}

    def committed(self, parts: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        nothing = (OFFSET_INVALID, "")
        return [TopicPartition(p.topic, p.partition, *self.held.get((p.topic, p.partition), nothing)) for p in parts]


class Sink:
    """A sink's writing side on a ClickHouse in memory, its log in Kafka and its group."""

    def __init__(self, *messages: Message, most_rows: int = 1000, after: "Sink | None" = None) -> None:
        self.log = list(messages)
        self.clickhouse, self.group = (after.clickhouse, after.group) if after else (FakeClickHouse(), Group())
        self.store = SinkStore(self.clickhouse, Failpoints())  # type: ignore[arg-type]
        self.writing = Writing(self.store, most_rows)
        self.intents = Intents(self.group.commit, Failpoints())
        self.start = FromClickHouse(self.read, self.store, self.writing)

    def read(self, span: Range) -> list[Message]:
        ours = [m for m in self.log if (m.topic(), m.partition()) == (span.topic, span.partition)]
        return [m for m in ours if span.first <= m.offset() <= span.last]

    def write(self, first: int = 0) -> None:
        self.writing.write([message for message in self.log if message.offset() >= first], self.intents.write)

    def resumed(self, *places: tuple[str, int]) -> dict[tuple[str, int], int]:
        return dict(self.start.next_offsets(self.group, places or [(LOGS, 0)]))  # type: ignore[arg-type]

    def offsets(self, table: str, name: str = "source_offset") -> list[int]:
        return [row[name] for row in self.clickhouse.held(table)]


def test_a_range_is_written_down_then_inserted_then_marked_done() -> None:
    sink = Sink(block(0, rejected=2), block(1))
    sink.write()
    assert sink.group.held == {(LOGS, 0): (0, "0-1")}
    assert [insert.table for insert in sink.clickhouse.inserts] == ["toy_predictions", "rejections", "blocks"]
    assert {insert.token for insert in sink.clickhouse.inserts} == {"toy.logs/0/0-1"}
    assert sink.writing.rows == 4


def test_a_sink_whose_partitions_are_anothers_inserts_nothing() -> None:
    """What wakes up late has its batch, and must not cut a range of its own out of it."""
    sink = Sink(block(0), block(1))
    sink.group.refused = True
    with pytest.raises(NotDelivered, match="UNKNOWN_MEMBER_ID"):
        sink.write()
    assert not sink.clickhouse.inserts and sink.resumed() == {(LOGS, 0): -2}


def test_rows_bring_their_identity_their_features_and_instants_as_ticks() -> None:
    sink = Sink(block(3, rows=2, partition=5))
    sink.write()
    first, second = sink.clickhouse.held("toy_predictions")
    assert first == {
        "request_id": "5-300",
        "entity": None,
        "event_time": 1_700_000_000_123,
        "source_offset": 300,
        "version": "v1",
        "variant": "champion",
        "score": 0.0,
        "decision": None,
        "scored_at": NOW_US,
        "inclusion_probability": 1.0,
        "amount": 1.5,
        "source_partition": 5,
        "release": "ab" * 32,
    }
    assert (second["source_offset"], second["score"]) == (301, 0.1)


def test_the_row_of_a_block_is_its_header_at_its_place() -> None:
    sink = Sink(block(4, rows=3, rejected=2))
    sink.write()
    (row,) = sink.clickhouse.held("blocks")
    assert (row["topic"], row["partition"], row["offset"], row["model"]) == (LOGS, 0, 4, "toy")
    assert (row["received"], row["answered"], row["rejected"], row["unidentified"], row["logged"]) == (5, 4, 2, 1, 3)
    assert (row["first_offset"], row["last_offset"], row["previous_last_offset"]) == (400, 404, 399)
    assert row["versions"] == {"v1": 3}


def test_every_rejection_has_a_row_with_its_reason_whether_it_was_identified_or_not() -> None:
    sink = Sink(block(0, rows=1, rejected=2))
    sink.write()
    found = [(row["source_offset"], row["request_id"], row["reason"]) for row in sink.clickhouse.held("rejections")]
    assert found == [(1, "bad0", "malformed: x"), (2, None, "malformed: x")]


def test_a_block_without_rows_is_counted_all_the_same() -> None:
    sink = Sink(block(0, rows=0, rejected=1))
    sink.write()
    assert [insert.table for insert in sink.clickhouse.inserts] == ["rejections", "blocks"]
    assert sink.resumed() == {(LOGS, 0): 1}


def test_blocks_of_before_a_new_feature_are_an_insert_of_their_own_that_leaves_it_to_the_table() -> None:
    sink = Sink(block(0, rows=1, features=False), block(1, rows=1), block(2, rows=1))
    sink.write()
    assert [row.get("amount", "not given") for row in sink.clickhouse.held("toy_predictions")] == [
        "not given",
        1.5,
        1.5,
    ]
    assert sink.clickhouse.tokens("toy_predictions") == ["toy.logs/0/0-0", "toy.logs/0/1-2"]


def test_many_rows_are_several_inserts_each_with_a_token_of_its_own() -> None:
    sink = Sink(*(block(offset, rows=4) for offset in range(5)), most_rows=8)
    sink.write()
    tokens = ["toy.logs/0/0-1", "toy.logs/0/2-3", "toy.logs/0/4-4"]
    assert sink.clickhouse.tokens("toy_predictions") == sink.clickhouse.tokens("blocks") == tokens
    assert [row["source_offset"] for row in sink.clickhouse.held("toy_predictions")] == [
        offset * 100 + i for offset in range(5) for i in range(4)
    ]


def test_partitions_are_ranges_apart() -> None:
    sink = Sink(block(0), block(7, partition=1), block(1))
    sink.write()
    assert sink.clickhouse.tokens("blocks") == ["toy.logs/0/0-1", "toy.logs/1/7-7"]


def test_one_range_is_done_before_the_next_is_written_down() -> None:
    """Also while the next is made ready already, on another thread, which must not touch the consumer.

    Seen to fail with ranges that are written down as they are made.
    """
    sink = Sink(block(0, rejected=1), block(1), block(7, partition=1), most_rows=2)
    steps = []

    def intend(span: Range) -> None:
        assert threading.current_thread() is threading.main_thread()
        steps.append((span.token, len(sink.clickhouse.inserts)))
        sink.intents.write(span)

    sink.writing.write(sink.log, intend)
    assert steps == [("toy.logs/0/0-0", 0), ("toy.logs/0/1-1", 3), ("toy.logs/1/7-7", 5)]


def test_a_range_that_cannot_be_made_ready_leaves_those_before_it_done_and_none_begun() -> None:
    """A range is made ready on another thread. Seen to fail with an error there that ends the batch without a word."""
    spoilt = Sink(block(0), block(1), block(2), block(3, of=pa.int64()), block(4), most_rows=4)
    with pytest.raises(pa.ArrowInvalid):
        spoilt.write()
    assert spoilt.offsets("blocks", "offset") == [0, 1] and spoilt.group.held == {(LOGS, 0): (0, "0-1")}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
    mended = Sink(*spoilt.log[:3], block(3), block(4), after=spoilt)
    mended.write(mended.resumed()[LOGS, 0])
    assert mended.offsets("toy_predictions") == [0, 1, 100, 101, 200, 201, 300, 301, 400, 401]


def test_the_same_range_again_is_the_same_token_and_the_same_rows() -> None:
    sink = Sink(block(0, rejected=1), block(1))
    sink.write()
    once = list(sink.clickhouse.inserts)
    held = {name: list(sink.clickhouse.held(name)) for name in ("toy_predictions", "rejections", "blocks")}
    span = Range(topic=LOGS, partition=0, first=0, last=1)
    sink.writing.repeat(span, sink.read(span))
    assert sink.clickhouse.inserts[len(once) :] == once
    assert {name: sink.clickhouse.held(name) for name in held} == held


def test_rows_of_equal_offsets_in_two_partitions_of_requests_are_two_rows() -> None:
    """Of a range that was there in part; seen to fail with rows that are told apart by their offsets."""
    clickhouse = FakeClickHouse()
    store = SinkStore(clickhouse, Failpoints())  # type: ignore[arg-type]
    clickhouse.insert("toy_predictions", {"source_partition": [0], "source_offset": [5]}, token="toy.logs/0/0-1")
    rows = {"source_partition": [0, 6], "source_offset": [5, 5]}
    nothing = {name: [] for name in ("source_topic", "source_partition", "source_offset", *PLACE)}
    store.insert(Range(topic=LOGS, partition=0, first=0, last=1), "toy_predictions", rows, nothing, nothing, again=True)
    held = [(row["source_partition"], row["source_offset"]) for row in clickhouse.held("toy_predictions")]
    assert held == [(0, 5), (6, 5)]


@pytest.mark.parametrize("kept", [False, True], ids=["before the rows", "only the answer is lost"])
@pytest.mark.parametrize("table", ["toy_predictions", "rejections", "blocks"])
def test_wherever_clickhouse_breaks_off_every_row_is_there_once_in_the_end(table: str, kept: bool) -> None:
    sink = Sink(block(0, rejected=1), block(1), block(2), most_rows=4)
    sink.clickhouse.fail(table, AWAY, kept=kept)
    with pytest.raises(NotDelivered) as raised:
        sink.write()
    assert raised.value.cause == "clickhouse-away"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
    # A new process: the open intent is repeated, then reading goes on behind it.
    again = Sink(*sink.log, most_rows=1, after=sink)
    again.write(max(again.resumed()[LOGS, 0], 0))
    assert sink.offsets("toy_predictions") == [0, 1, 100, 101, 200, 201]
    assert sink.offsets("blocks", "offset") == [0, 1, 2]
    assert sink.offsets("rejections") == [2]


@pytest.mark.parametrize("table", ["toy_predictions", "rejections", "blocks"])
def test_rows_whose_token_was_noted_before_clickhouse_died_are_there_once_in_the_end(table: str) -> None:
    sink = Sink(block(0, rejected=1), block(1))
    sink.clickhouse.fail(table, AWAY)
    with pytest.raises(NotDelivered):
        sink.write()
    sink.clickhouse.spend(table, "toy.logs/0/0-1")
    again = Sink(*sink.log, after=sink)
    assert again.resumed() == again.resumed() == {(LOGS, 0): 2}
    assert sink.offsets("toy_predictions") == [0, 1, 100, 101]
    assert (sink.offsets("blocks", "offset"), sink.offsets("rejections")) == ([0, 1], [2])
    assert sink.clickhouse.tokens(table)[-1] == "toy.logs/0/0-1/1"


def test_rows_that_clickhouse_never_keeps_do_not_stall_the_others() -> None:
    """A table may have a time to live, and then forgets old rows as soon as it gets them."""
    sink = Sink(block(0), block(1))
    sink.clickhouse.fail("blocks", AWAY)
    with pytest.raises(NotDelivered):
        sink.write()
    for token in ("toy.logs/0/0-1", "toy.logs/0/0-1/1", "toy.logs/0/0-1/2"):
        sink.clickhouse.spend("toy_predictions", token)
    sink.clickhouse.held("toy_predictions").clear()
    assert Sink(*sink.log, after=sink).resumed() == {(LOGS, 0): 2}


def test_what_clickhouse_refuses_is_told_as_refused() -> None:
    sink = Sink(block(0))
    sink.clickhouse.fail("toy_predictions", ClickHouseRefused("inserting", 60, "no such table"))
    with pytest.raises(NotDelivered, match="no such table") as raised:
        sink.write()
    assert raised.value.cause == "clickhouse-refused"


def test_reading_goes_on_behind_the_last_block_that_is_done() -> None:
    sink = Sink(block(0), block(1), block(9, partition=1))
    assert sink.resumed((LOGS, 0), (LOGS, 1)) == {(LOGS, 0): -2, (LOGS, 1): -2}
    sink.write()
    inserts = len(sink.clickhouse.inserts)
    assert sink.resumed((LOGS, 0), (LOGS, 1)) == {(LOGS, 0): 2, (LOGS, 1): 10}
    assert len(sink.clickhouse.inserts) == inserts


def test_a_damaged_block_is_left_out_and_its_neighbours_are_written() -> None:
    sink = Sink(block(0), record(LOGS, 0, 1, b"not a block"), record(LOGS, 0, 2, None), block(3))
    sink.write()
    assert [row["offset"] for row in sink.clickhouse.held("blocks")] == [0, 3]
    assert sink.resumed() == {(LOGS, 0): 4}


def event(topic: str, offset: int, body: Any, key: bytes | None = b"toy") -> Message:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return record(topic, 0, offset, value, key=key, at_ms=1_700_000_000_000 + offset)


def test_events_keep_their_name_their_time_and_their_body() -> None:
    told = {"event": "release-loaded", "model": "toy"}
    sink = Sink(
        event("operations", 4, told),
        event("operations", 5, b"\xff{", key=None),
        event("operations", 6, [1]),
        event("model-releases", 0, {"document": {}}),
    )
    sink.write()
    rows = sink.clickhouse.held("events")
    assert [(row["topic"], row["offset"], row["event"], row["model"]) for row in rows] == [
        ("operations", 4, "release-loaded", "toy"),
        ("operations", 5, "unreadable", ""),
        ("operations", 6, "", "toy"),
        ("model-releases", 0, "released", "toy"),
    ]
    assert rows[0]["happened_at"] == 1_700_000_000_004 and json.loads(rows[0]["body"]) == told


def test_events_whose_token_was_noted_before_clickhouse_died_are_there_once_in_the_end() -> None:
    sink = Sink(event("operations", 0, {"event": "a"}), event("operations", 1, {"event": "b"}))
    sink.clickhouse.fail("events", AWAY)
    with pytest.raises(NotDelivered):
        sink.write()
    sink.clickhouse.spend("events", "operations/0/0-1")
    assert sink.resumed(("operations", 0)) == {("operations", 0): 2}
    assert [row["event"] for row in sink.clickhouse.held("events")] == ["a", "b"]


def test_events_that_are_read_again_are_there_once() -> None:
    sink = Sink(event("operations", 0, {"event": "a"}), event("operations", 1, {"event": "b"}))
    sink.clickhouse.fail("events", AWAY, kept=True)
    with pytest.raises(NotDelivered):
        sink.write()
    assert sink.resumed(("operations", 0)) == {("operations", 0): 2}
    sink.write()
    assert [row["event"] for row in sink.clickhouse.held("events")] == ["a", "b"]


LABELS = "toy.labels"


def label(offset: int, body: Any, topic: str = LABELS) -> Message:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return record(topic, 0, offset, value, key=b"a", at_ms=1_700_000_000_000 + offset)


def test_labels_go_to_their_models_table_and_the_unfit_keep_their_bytes() -> None:
    sink = Sink(
        label(3, {"request_id": "a", "label": True, "label_time": 5}),
        label(4, b"\xff?"),
        label(5, {"request_id": "a", "label": 7, "label_time": 6}),
    )
    sink.clickhouse.tasks["toy"] = "classification"
    sink.write()
    fit, *unfit = sink.clickhouse.held("toy_labels")
    assert (fit["request_id"], fit["label"], fit["label_time"], fit["reason"], fit["original"]) == (
        "a",
        1.0,
        5,
        "",
        b"",
    )
    assert (fit["topic"], fit["partition"], fit["offset"], fit["received_at"]) == (LABELS, 0, 3, 1_700_000_000_003)
    assert [row["reason"].partition(":")[0] for row in unfit] == ["unknown-format", "invalid-field"]
    assert [row["original"] for row in unfit] == [b"\xff?", sink.log[2].value()]
    assert sink.clickhouse.tokens("toy_labels") == ["toy.labels/0/3-5"]


def test_labels_that_are_read_again_are_there_once() -> None:
    sink = Sink(*(label(n, {"request_id": f"r{n}", "label": False, "label_time": n}) for n in range(3)))
    sink.clickhouse.tasks["toy"] = "classification"
    sink.clickhouse.fail("toy_labels", AWAY, kept=True)
    with pytest.raises(NotDelivered):
        sink.write()
    assert sink.resumed((LABELS, 0)) == {(LABELS, 0): 3}
    sink.write()
    assert [row["request_id"] for row in sink.clickhouse.held("toy_labels")] == ["r0", "r1", "r2"]


def test_labels_of_a_model_that_was_never_applied_hold_nobody_up_and_are_read_once_it_is() -> None:
    """A topic of that name may be somebody else's."""
    sink = Sink(label(0, {"request_id": "a", "label": True, "label_time": 5}), block(0))
    sink.write()
    assert sink.clickhouse.held("toy_labels") == [] and len(sink.clickhouse.held("toy_predictions")) == 2
    assert sink.resumed((LABELS, 0)) == {(LABELS, 0): -2}
