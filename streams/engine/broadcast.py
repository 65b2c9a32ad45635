"""A broadcast source: every worker reads all of a topic, from its beginning, and goes on reading."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, Message, TopicPartition

from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import TopicMissing
from headrace.kafka.read import end_offsets

POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Records in the order of their topic; caught_up once the end that the topic had at start has been reached."""

    messages: Sequence[Message]
    caught_up: bool


class BroadcastSource:
    """Reads one topic whole; an ordinary consumer group would give each record to one worker only."""

    def __init__(self, address: KafkaAddress, topic: str) -> None:
        self._address, self._topic = address, topic
        self._ear = ErrorEar()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def run(self, hand: Callable[[News], None]) -> None:
        """Read until stopped."""
        consumer = Consumer(self._address.reader(self._ear))
        try:
            ends = end_offsets(consumer, self._topic, self._address, self._ear)
            if not ends:
                raise TopicMissing(self._topic)
            consumer.assign([TopicPartition(self._topic, p, low) for p, (low, _) in ends.items()])
            caught_up = False
            while not self._stopping.is_set():
                messages = [m for m in consumer.consume(500, POLL_S) if not m.error()]
                now_caught_up = caught_up or self._reached(consumer, ends)
                if messages or now_caught_up != caught_up:
                    hand(News(messages=messages, caught_up=now_caught_up))
                caught_up = now_caught_up
        finally:
            consumer.close()

    def _reached(self, consumer: Consumer, ends: dict[int, tuple[int, int]]) -> bool:
        positions = consumer.position([TopicPartition(self._topic, p) for p in ends])
        return all(at.offset >= high or low == high for at in positions for low, high in [ends[at.partition]])
