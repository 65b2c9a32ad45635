"""Queueing outputs: what was not queued is never taken for delivered."""

from collections.abc import Iterator

import pytest

from streams.engine.errors import NotDelivered
from streams.engine.outputs import Later, Outputs, Record
from streams.engine.transaction import AT_ONE_GO, produce
from tests.fakes.kafka_producer import FakeProducer


def outputs(count: int, *records: Record, size: int = 10) -> Outputs:
    messages = [{"key": b"k", "value": b"x" * size} for _ in range(count)]
    return Outputs(topic="toy.predictions", messages=messages, records=records)


def log_block(size: int = 10) -> Record:
    return Record(topic="toy.logs", partition=3, value=b"b" * size, headers=(("reason", b"none"),))


def test_messages_and_records_are_queued_with_key_partition_and_headers() -> None:
    producer = FakeProducer()
    produce(producer, outputs(2, log_block()))
    assert producer.queued == [
        ("toy.predictions", b"k", b"x" * 10, -1, ()),
        ("toy.predictions", b"k", b"x" * 10, -1, ()),
        ("toy.logs", None, b"b" * 10, 3, [("reason", b"none")]),
    ]


def test_a_queue_that_took_only_some_answers_is_no_delivery() -> None:
    with pytest.raises(NotDelivered) as raised:
        produce(FakeProducer(room=1000), outputs(5000))
    assert raised.value.cause == "queue-full"
    assert "1000 of 5000 answers were queued" in str(raised.value)


def test_an_answer_that_is_too_large_is_told_as_such() -> None:
    with pytest.raises(NotDelivered) as raised:
        produce(FakeProducer(most_bytes=100), outputs(1, size=101))
    assert raised.value.cause == "too-large"
    assert "Message size too large" in str(raised.value)


def test_too_large_is_told_before_full() -> None:
    batch = outputs(3)
    batch.messages.append({"key": None, "value": b"x" * 101})
    with pytest.raises(NotDelivered) as raised:
        produce(FakeProducer(room=2, most_bytes=100), batch)
    assert raised.value.cause == "too-large"


def test_a_log_block_that_finds_the_queue_full_is_no_delivery() -> None:
    with pytest.raises(NotDelivered) as raised:
        produce(FakeProducer(room=2), outputs(2, log_block()))
    assert raised.value.cause == "queue-full"


def test_a_log_block_that_is_too_large_is_told_with_its_topic() -> None:
    with pytest.raises(NotDelivered) as raised:
        produce(FakeProducer(most_bytes=100), outputs(1, log_block(size=101)))
    assert raised.value.cause == "too-large"
    assert "toy.logs" in str(raised.value)


def test_a_batch_without_answers_still_has_its_records() -> None:
    producer = FakeProducer()
    produce(producer, outputs(0, log_block()))
    assert [topic for topic, *_ in producer.queued] == ["toy.logs"]


@pytest.mark.parametrize(("count", "before"), [(AT_ONE_GO, 0), (AT_ONE_GO + 1, AT_ONE_GO + 1)])
def test_a_small_batch_is_written_at_one_go_and_a_large_ones_log_is_made_while_its_answers_travel(
    count: int, before: int
) -> None:
    producer, seen = FakeProducer(), []

    def make() -> Iterator[Record]:
        seen.append(len(producer.queued))
        return iter([log_block()])

    messages = outputs(count).messages
    produce(producer, Outputs(topic="toy.predictions", messages=messages, records=Later(make)))  # type: ignore[arg-type]
    assert seen == [before] and len(producer.queued) == count + 1
