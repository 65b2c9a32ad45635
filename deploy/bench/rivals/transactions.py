"""Read a batch, write its outputs and its offsets in one transaction, again and again.

All who answer in transactions get what was found to be fastest: Headrace's settings, two producers by turns, and
batches queued by one call. It holds one member and no rebalance, so nothing of that is handled here.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from confluent_kafka import Consumer, Message, Producer, TopicPartition

CALL_S = 20.0
POLL_S = 0.2
CONSUMER = {
    "partition.assignment.strategy": "range",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 500,
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 10,
}
PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 0,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 1_000_000,
    "delivery.report.only.error": True,
    "retry.backoff.ms": 2,
}

# Answers as produce_batch takes them, and log records with their partition.
Outputs = tuple[list[dict[str, Any]], list[tuple[int, bytes]]]


class Places(Protocol):
    """Where a rival reads and writes."""

    @property
    def bootstrap(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def requests(self) -> str: ...
    @property
    def answers(self) -> str: ...
    @property
    def logs(self) -> str: ...
    @property
    def batch_rows(self) -> int: ...


def serve(task: Places, answer: Callable[[list[Message]], Outputs]) -> NoReturn:
    """Answer batches until the process is ended."""
    producers = [_producer(task, number) for number in (0, 1)]
    consumer = Consumer(
        CONSUMER | {"bootstrap.servers": task.bootstrap, "group.id": task.group, "group.instance.id": task.group}
    )
    consumer.subscribe([task.requests])
    while True:
        messages = consumer.consume(1, POLL_S)
        if not messages:
            continue
        messages += consumer.consume(task.batch_rows - 1, 0)
        producers.reverse()
        _deliver(task, producers[0], consumer, messages, answer(messages))


def _deliver(task: Places, producer: Producer, consumer: Consumer, messages: list[Message], outputs: Outputs) -> None:
    answers, logs = outputs
    producer.begin_transaction()
    if producer.produce_batch(task.answers, answers) != len(answers):
        raise BufferError("not all answers were queued")
    for partition, value in logs:
        producer.produce(task.logs, value, partition=partition)
    ends: dict[Any, Any] = {message.partition(): message.offset() for message in messages}
    positions = [TopicPartition(task.requests, partition, last + 1) for partition, last in ends.items()]
    producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), CALL_S)
    producer.commit_transaction(CALL_S)


def _producer(task: Places, number: int) -> Producer:
    own = {"bootstrap.servers": task.bootstrap, "transactional.id": f"{task.group}.{number}"}
    producer = Producer(PRODUCER | own)
    producer.init_transactions(CALL_S)
    return producer


def rows_by_partition(messages: list[Message]) -> Counter[Any]:
    """How many of the messages each partition gave."""
    return Counter(map(Message.partition, messages))
