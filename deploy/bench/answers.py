"""Counting answers from outside, as any consumer sees them: committed ones only."""

import time
from dataclasses import dataclass

import numpy as np
import stamina
from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from numpy.typing import NDArray

from deploy.bench.errors import BenchFailed
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import existing_topics

CALL_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read: the broker's date of each answer in ms, ascending, and the bytes of all values."""

    at_ms: NDArray[np.int64]
    size: int

    def rate(self, warm: int) -> float:
        """Answers a second behind the first `warm` ones."""
        first, last = int(self.at_ms[warm]), int(self.at_ms[-1])
        later = int((self.at_ms > first).sum())
        if not later:
            raise BenchFailed(f"{len(self.at_ms)} answers came in one piece; measure more records or smaller batches")
        return later / (last - first) * 1000


class AnswerTopic:
    """One contender's topic, looked at from where it ended before the run."""

    def __init__(self, address: KafkaAddress, topic: str) -> None:
        self._address, self._topic = address, topic
        self._admin = AdminClient(address.client())
        self._partitions = existing_topics(address)[topic]
        self._start = self._ends()

    def written(self) -> int:
        """Records committed since then: answers, and a marker for each partition of a transaction; one cheap call."""
        return sum(self._ends().values()) - sum(self._start.values())

    def read(self, count: int | None = None, patience_s: float = CALL_S) -> Found:
        """Read committed records until there are `count` of them, or else until no more come."""
        consumer = Consumer(self._address.reader())
        try:
            consumer.assign([TopicPartition(self._topic, p, offset) for p, offset in self._start.items()])
            return self._read(consumer, count, time.monotonic() + patience_s)
        finally:
            consumer.close()

    def _read(self, consumer: Consumer, count: int | None, deadline: float) -> Found:
        dates: list[int] = []
        size = 0
        while time.monotonic() < deadline:
            messages = [message for message in consumer.consume(5_000, 0.3) if not message.error()]
            dates += [message.timestamp()[1] for message in messages]
            size += sum(map(len, messages))
            if not messages if count is None else len(dates) >= count:
                break
        if count is not None and len(dates) < count:
            raise BenchFailed(f"{self._topic} holds {len(dates)} answers where {count} were to come")
        return Found(at_ms=np.sort(np.array(dates, np.int64)), size=size)

    # A topic that was made a moment ago may have no leader yet, and on a busy machine it may change.
    @stamina.retry(on=KafkaException, attempts=None, timeout=CALL_S, wait_max=0.2)
    def _ends(self) -> dict[int, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(self._topic, p): latest for p in range(self._partitions)}
        level = IsolationLevel.READ_COMMITTED
        found = self._admin.list_offsets(asked, isolation_level=level, request_timeout=CALL_S)
        try:
            return {part.partition: future.result(CALL_S).offset for part, future in found.items()}
        except KafkaException:
            # Behind a change of leaders a client asks with the old epoch, again and again; a new one does not.
            self._admin = AdminClient(self._address.client())
            raise
