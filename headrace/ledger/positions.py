"""Where M.requests ends and how far its scorers are."""

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, TopicPartition

from headrace import topics
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable, TopicMissing
from headrace.kafka.group import GroupOffsets
from headrace.kafka.read import end_offsets
from headrace.ledger.facts import Position

PATIENCE_S = 20.0
REFUSED_S = 5.0
# A partition that shows no request in this time is taken at its word: that all up to its end waits.
PEEK_S = 2.0
PEEK_BYTES = 65_536
T = TypeVar("T")


class Positions:
    """Asks Kafka, without joining the scorers' group."""

    def __init__(self, address: KafkaAddress, model: str) -> None:
        self._address, self._topic, self._ear = address, topics.requests(model), ErrorEar()
        own = {"fetch.message.max.bytes": PEEK_BYTES, "queued.max.messages.kbytes": 1024}
        self._consumer = Consumer(address.reader(self._ear) | own)
        self._of_group = GroupOffsets(address, topics.scorers_group(model), self._ear)

    def read(self) -> dict[int, Position]:
        """Each partition's offsets."""
        committed = self._patiently(self._committed)
        ends = self._patiently(lambda: end_offsets(self._consumer, self._topic, self._address, self._ear))
        starts = {p: max(low, committed[p] or 0) for p, (low, _) in ends.items()}
        unread = {p: (starts[p], high) for p, (_, high) in ends.items() if starts[p] < high}
        waiting = self._with_requests(unread)
        return {
            p: Position(low=low, high=high, committed=committed[p], waiting=high - starts[p] if p in waiting else 0)
            for p, (low, high) in ends.items()
        }

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
        self._of_group.close()

    def __enter__(self) -> "Positions":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _committed(self) -> dict[int, int | None]:
        try:
            found = self._consumer.list_topics(self._topic, timeout=PATIENCE_S).topics[self._topic]
            if found.error is not None:
                raise TopicMissing(self._topic)
            parts = self._of_group.committed([TopicPartition(self._topic, part) for part in found.partitions])
        except KafkaException as error:
            heard = self._ear.last or error.args[0].str()
            raise KafkaUnreachable(f"reading the offsets of {self._topic}", self._address.bootstrap, heard) from None
        return {part.partition: part.offset if part.offset >= 0 else None for part in parts}

    def _patiently(self, asked: Callable[[], T]) -> T:
        """Asked again for a while: while a partition or a group changes its broker, Kafka refuses at once."""
        until = time.monotonic() + REFUSED_S
        while True:
            try:
                return asked()
            except KafkaUnreachable:
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def _with_requests(self, unread: Mapping[int, tuple[int, int]]) -> set[int]:
        """Partitions that hold a request between two offsets.

        Behind a client's transaction stands its marker, which no scorer ever reads or commits: counting offsets alone,
        something would wait for ever.
        """
        unsure, waiting = set(unread), set[int]()
        self._assign((partition, first) for partition, (first, _) in unread.items())
        until = time.monotonic() + PEEK_S
        while unsure and time.monotonic() < until:
            for message in self._consumer.consume(500, 0.05):
                partition, offset = message.partition(), message.offset()
                if partition in unsure and message.error() is None and offset is not None:
                    unsure.discard(partition)
                    waiting |= {partition} if offset < unread[partition][1] else set()
            for at in self._consumer.position([TopicPartition(self._topic, p) for p in unsure]):
                if at.offset >= unread[at.partition][1]:
                    unsure.discard(at.partition)
        self._assign(())
        return waiting | unsure

    def _assign(self, places: Iterable[tuple[int, int]]) -> None:
        self._consumer.assign([TopicPartition(self._topic, partition, offset) for partition, offset in places])
