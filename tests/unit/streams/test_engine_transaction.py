"""Queueing outputs: what was not queued is never taken for delivered."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.engine.errors import NotDelivered
from streams.engine.outputs import Outputs, Record
from streams.engine.transaction import produce, retrying
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


class Call:
    """A transactional call that fails as scripted, then succeeds."""

    def __init__(self, *script: KafkaError) -> None:
        self._script, self.calls = list(script), 0

    def __call__(self) -> None:
        self.calls += 1
        if self._script:
            raise KafkaException(self._script.pop(0))


def error(*, retriable: bool = False, abort: bool = False, fatal: bool = False) -> KafkaError:
    return KafkaError(KafkaError._TIMED_OUT, "slow", fatal=fatal, retriable=retriable, txn_requires_abort=abort)


def test_a_call_is_repeated_when_librdkafka_says_that_it_may_be() -> None:
    call = Call(error(retriable=True), error(retriable=True))
    retrying(call, "commit_transaction", attempts=3)
    assert call.calls == 3


@pytest.mark.parametrize(
    "refused",
    [error(), error(retriable=True, abort=True), error(retriable=True, fatal=True)],
    ids=["not retriable", "abort asked", "fatal"],
)
def test_a_call_that_must_not_be_repeated_is_not(refused: KafkaError) -> None:
    call = Call(refused)
    with pytest.raises(KafkaException):
        retrying(call, "commit_transaction", attempts=3)
    assert call.calls == 1


def test_after_the_last_attempt_the_error_is_told() -> None:
    call = Call(*[error(retriable=True)] * 5)
    with pytest.raises(KafkaException):
        retrying(call, "commit_transaction", attempts=3)
    assert call.calls == 3
