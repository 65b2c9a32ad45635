"""Where the sink goes on reading: where ClickHouse says that it stopped, after mending what was left half done."""

from collections.abc import Callable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer, Message, TopicPartition

from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import watermarks
from streams.engine.batch import offset_of
from streams.engine.errors import NotDelivered
from streams.engine.start import committed
from streams.sink.ranges import Place, Range
from streams.sink.store import LABELS, SinkStore
from streams.sink.writing import LOGS, Writing

PATIENCE = 50
log = structlog.get_logger()


class FromClickHouse:
    """The sink's Start: ClickHouse knows what it holds; Kafka knows, beside the offsets, what was to come next."""

    # A range may have to be inserted again, and an insert into a slow ClickHouse may take minutes.
    patience_s = 600.0

    def __init__(self, read: Callable[[Range], Sequence[Message]], store: SinkStore, writing: Writing) -> None:
        self._read, self._store, self._writing = read, store, writing

    def next_offsets(self, consumer: Consumer, places: Sequence[Place]) -> Mapping[Place, int]:
        """The offset after the last one done; -2 where nothing is done yet."""
        found = (((part.topic, part.partition), part.metadata or "") for part in committed(consumer, places))
        return {place: self._next(place, note) for place, note in found}

    def _next(self, place: Place, note: str) -> int:
        span, last = Range.noted(place, note), self._last(place)
        if span is not None and span.first > last:
            self._writing.repeat(span, self._read(span))
            last = self._last(place)
        return last + 1 if last >= 0 else -2

    def _last(self, place: Place) -> int:
        if place[0].endswith(LABELS):
            return self._store.last_label(place) if self._store.task(place[0]) else -1
        return self._store.last_done(place) if place[0].endswith(LOGS) else self._store.last_event(place)


def read_range(address: KafkaAddress, span: Range) -> list[Message]:
    """Exactly the records of a range; none of one that the topic no longer holds, for the ledger to show."""
    consumer = Consumer(address.reader())
    found: list[Message] = []
    try:
        low, _ = watermarks(consumer, TopicPartition(span.topic, span.partition))
        if low > span.last:
            log.error("range-expired", token=span.token, first_held=low)
            return []
        consumer.assign([TopicPartition(span.topic, span.partition, span.first)])
        for _ in range(PATIENCE):
            found += [m for m in consumer.consume(500, 0.2) if not m.error() and offset_of(m) <= span.last]
            if found and found[-1].offset() == span.last:
                return found
    finally:
        consumer.close()
    raise NotDelivered("range-unreadable", f"{span.token} was written down but cannot be read again from Kafka")
