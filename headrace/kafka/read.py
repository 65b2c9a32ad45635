"""Reading a topic, or spans of it, up to the end it had when asked."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import HeldBack, KafkaUnreachable

PATIENCE_S = 20.0
# While a broker starts, or for the moment in which its controller has not heard of it, a partition has no leader.
NO_LEADER_NOW = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
RETRY_S = 0.2
# A broker that is there tells the end of a partition within milliseconds.
TOLD_S = 2.0


def read_to_end(address: KafkaAddress, topic: str, *, batch: int = 5000) -> Iterator[list[Message]]:
    """Yield all committed records of a topic up to its present end, in batches."""
    return read_spans(address, topic, None, batch=batch)


def read_spans(
    address: KafkaAddress, topic: str, spans: Mapping[int, tuple[int, int]] | None, *, batch: int = 5000
) -> Iterator[list[Message]]:
    """Yield the committed records of partition -> (first, behind the last), in batches; None: all that there are now.

    What a span names must have been written: one that reaches beyond the topic's end is waited for in vain.
    """
    ear = ErrorEar()
    consumer = Consumer(address.reader(ear))
    try:
        ends = end_offsets(consumer, topic, address, ear) if spans is None else dict(spans)
        open_parts = {p for p, (low, high) in ends.items() if high > low}
        consumer.assign([TopicPartition(topic, p, ends[p][0]) for p in sorted(open_parts)])
        quiet = time.monotonic()
        while open_parts:
            messages = consumer.consume(batch, 0.2)
            good = [m for m in messages if not m.error() and _before(m, ends)]
            if good:
                quiet = time.monotonic()
                yield good
            # position() also steps over the control records of transactions, which are never handed out.
            for at in consumer.position([TopicPartition(topic, p) for p in open_parts]):
                if at.offset >= ends[at.partition][1]:
                    open_parts.discard(at.partition)
            if time.monotonic() - quiet > PATIENCE_S:
                _tell_held_back(consumer, topic, {p: ends[p][1] for p in open_parts})
                raise KafkaUnreachable(f"reading {topic}", address.bootstrap, ear.last)
    finally:
        consumer.close()


def _tell_held_back(consumer: Consumer, topic: str, ends: Mapping[int, int]) -> None:
    """Raise HeldBack for a partition whose committed part ends before what was asked for."""
    with suppress(KafkaException):
        for partition, end in ends.items():
            _, stable = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=TOLD_S)
            if stable < end:
                raise HeldBack(topic, partition, stable)


def _before(message: Message, ends: dict[int, tuple[int, int]]) -> bool:
    return cast(int, message.offset()) < ends[cast(int, message.partition())][1]


def end_offsets(consumer: Consumer, topic: str, address: KafkaAddress, ear: ErrorEar) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition (as far as committed); a missing topic has none."""
    try:
        metadata = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic]
        return {p: watermarks(consumer, TopicPartition(topic, p)) for p in metadata.partitions}
    except KafkaException as error:
        raise KafkaUnreachable(f"reading {topic}", address.bootstrap, ear.last or str(error.args[0].str())) from None


def watermarks(consumer: Consumer, part: TopicPartition) -> tuple[int, int]:
    """First and next offset of a partition; one without a leader is asked again. Raises KafkaException."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            low, high = consumer.get_watermark_offsets(part, timeout=PATIENCE_S)
            return low, high
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_NOW or time.monotonic() > until:
                raise
            time.sleep(RETRY_S)


def whole_span(address: KafkaAddress, topic: str, partition: int) -> tuple[int, int]:
    """First and next offset of a partition with what no transaction has committed yet; raises KafkaException.

    Whoever reads this span waits until whatever was under way is decided.
    """
    consumer = Consumer(address.reader() | {"isolation.level": "read_uncommitted"})
    try:
        return watermarks(consumer, TopicPartition(topic, partition))
    finally:
        consumer.close()
