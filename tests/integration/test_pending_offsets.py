"""A group whose offset stays pending, on a real broker: how far it really is, and that this ends it.

Kafka loses a transaction's marker only when it is killed within some milliseconds. Here another worker that is gone
holds its transaction open for a quarter of an hour, and what it decided was written without one.
"""

from functools import partial
from uuid import uuid4

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from headrace import topics
from headrace.batch.job import Receipt, Task
from headrace.batch.tasks import encoded
from headrace.kafka import read
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import HeldBack
from headrace.kafka.group import GroupOffsets
from headrace.kafka.topics import create_topics
from headrace.wire.logblock import LogHeader, encode_block, log_rows, log_schema
from streams.batch.reached import ReachedByReceipt
from streams.engine.failpoint import Failpoints
from streams.engine.group import group_config
from streams.engine.settled import FromSettled, HowFar, Reached
from streams.engine.transaction import Transactions
from streams.engine.watchdog import Watchdog
from streams.score.reached import LAST, ReachedByLog

WATCHDOG = Watchdog(120)
SCHEMA = log_schema({})
NO_ROWS = log_rows(SCHEMA, {field.name: pa.array([], field.type) for field in SCHEMA})


class Pending:
    """A model of its own whose request offset `committed` is followed by one that nobody decides."""

    def __init__(self, kafka: str) -> None:
        self.kafka = KafkaAddress(bootstrap=kafka)
        self.model = f"m{uuid4().hex[:12]}"
        self.group = topics.scorers_group(self.model)
        create_topics(self.kafka, topics.model_topics(self.model, 2), 1)
        self.place = (topics.requests(self.model), 1)
        self._producer = Producer(self.kafka.producer())

    def consumer(self) -> Consumer:
        """The only member of the group, with all that is there."""
        consumer = Consumer(group_config(self.kafka, group=self.group, instance="score-a", ear=ErrorEar()))
        consumer.subscribe([topics.requests(self.model)])
        while not consumer.assignment():
            consumer.poll(0.2)
        return consumer

    def transaction(self, worker: str, timeout_ms: int = 60_000) -> Producer:
        producer = Producer(
            self.kafka.producer()
            | {"transactional.id": f"{self.group}.{worker}.0", "transaction.timeout.ms": timeout_ms}
        )
        producer.init_transactions(20)
        producer.begin_transaction()
        return producer

    def commit(self, worker: str, offset: int, *, decided: bool) -> Producer:
        consumer, producer = self.consumer(), self.transaction(worker, 900_000)
        producer.send_offsets_to_transaction(
            [TopicPartition(*self.place, offset)], consumer.consumer_group_metadata(), 20
        )
        if decided:
            producer.commit_transaction(20)
        consumer.close()
        return producer

    def block(self, first: int, last: int, worker: str, *, partition: int = 1) -> None:
        self.send(topics.logs(self.model), 0, encoded_block(self.model, first, last, worker, partition))

    def send(self, topic: str, partition: int, *values: bytes) -> None:
        for value in values:
            self._producer.produce(topic, value, partition=partition)
        assert self._producer.flush(20) == 0

    def reached(self) -> HowFar:
        return ReachedByLog(self.kafka, topics.logs(self.model), lambda partition: 0)

    def start(self) -> FromSettled:
        transactions = Transactions(
            address=self.kafka,
            group=self.group,
            worker="score-a",
            timeout_s=15,
            watchdog=WATCHDOG,
            failpoints=Failpoints(),
        )
        # Each look at the clock is a minute after the one before.
        minutes = iter(range(0, 6000, 60))
        return FromSettled(
            transactions, partial(GroupOffsets, self.kafka, self.group), self.reached(), WATCHDOG, minutes.__next__
        )


def encoded_block(model: str, first: int, last: int, worker: str, partition: int) -> bytes:
    header = LogHeader(
        model=model,
        source_topic=topics.requests(model),
        source_partition=partition,
        first_offset=first,
        last_offset=last,
        previous_last_offset=first - 1,
        received=last - first + 1,
        answered=last - first + 1,
        rejected=0,
        unidentified=0,
        logged=0,
        versions={},
        release="r",
        worker=worker,
        scored_at=1,
        rejects=(),
    )
    return encode_block(header, NO_ROWS)


@pytest.mark.parametrize(("decided", "goes_on"), [(True, 9), (False, 5)])
def test_a_group_that_is_told_no_offset_goes_on_where_the_log_ends(kafka: str, decided: bool, goes_on: int) -> None:
    pending = Pending(kafka)
    pending.block(0, 4, "score-b")
    pending.commit("score-b", 5, decided=True)
    held = pending.commit("score-b", 9, decided=False)
    if decided:
        pending.block(5, 8, "score-b")
    consumer, start = pending.consumer(), pending.start()
    with pytest.raises(KafkaException):
        start.next_offsets(consumer, [pending.place])
    assert start.next_offsets(consumer, [pending.place]) == {pending.place: goes_on}
    with pytest.raises(KafkaException, match=r"(?i)fenced"):
        held.commit_transaction(20)
    consumer.close()
    assert GroupOffsets(pending.kafka, pending.group).committed([TopicPartition(*pending.place)])[0].offset == goes_on


def test_the_last_block_of_the_partition_tells_however_many_of_others_follow(kafka: str) -> None:
    pending = Pending(kafka)
    assert pending.reached()(pending.place, -1001) == Reached(0, None)
    pending.block(0, 4, "score-b")
    pending.block(5, 8, "score-c")
    of_others = [encoded_block(pending.model, first, first, "score-d", 0) for first in range(2 * LAST)]
    pending.send(topics.logs(pending.model), 0, *of_others)
    assert pending.reached()(pending.place, 5) == Reached(9, "score-c")
    assert pending.reached()((pending.place[0], 0), 7) == Reached(2 * LAST, "score-d")


def test_a_block_from_before_the_committed_offset_moves_it_nowhere(kafka: str) -> None:
    """Somebody may have set the offsets forward, past requests that were never answered."""
    pending = Pending(kafka)
    pending.block(5, 8, "score-b")
    assert pending.reached()(pending.place, 20) == Reached(20, "score-b")


def test_nothing_is_told_while_a_block_may_yet_be_decided(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PATIENCE_S", 1.0)
    pending = Pending(kafka)
    pending.block(0, 4, "score-b")
    open_one = pending.transaction("score-b")
    open_one.produce(topics.logs(pending.model), encoded_block(pending.model, 5, 8, "score-b", 1), partition=0)
    assert open_one.flush(20) == 0
    with pytest.raises(HeldBack, match=r"partition 0 cannot be read beyond offset 1, .*`headrace doctor`"):
        pending.reached()(pending.place, 5)
    open_one.commit_transaction(20)
    assert pending.reached()(pending.place, 5) == Reached(9, "score-b")


def test_a_task_whose_receipt_stands_behind_it_is_done(kafka: str) -> None:
    pending = Pending(kafka)
    reached = ReachedByReceipt(pending.kafka)
    first, second = Task(job="j", part=0), Task(job="j", part=1)
    receipt = Receipt(part=1, rows_in=1, rows_scored=1, rows_rejected=0, worker="batch-b", seconds=1.0)

    def send(*tasks: Task) -> None:
        pending.send(*pending.place, *map(encoded, tasks))

    assert reached(pending.place, -1001) == Reached(0, None)
    send(first, second)
    assert reached(pending.place, 1) == Reached(1, None)
    send(Task(job="j", part=0, receipt=receipt), Task(job="j", part=1, round=1, receipt=receipt))
    assert reached(pending.place, 1) == Reached(1, None), "another part, another round"
    send(Task(job="j", part=1, receipt=receipt))
    assert reached(pending.place, 1) == Reached(2, "batch-b")
