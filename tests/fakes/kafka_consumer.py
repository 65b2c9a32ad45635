"""A consumer group of one over records in memory; a test says what happens before which read."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from tests.fakes.records import record

Place = tuple[str, int]
# So many reads without a record: nothing is left. Fewer may come between a rebalance and its seek.
IDLE_READS = 5


class FakeConsumer:
    """Hands out records round robin over its partitions; `committed_` outlives it as Kafka's offsets would.

    happenings: what to do before the n-th call of consume. idle: called while there is nothing left to read.
    """

    def __init__(
        self,
        log: Mapping[Place, Sequence[bytes | Message]],
        *,
        happenings: Mapping[int, Callable[["FakeConsumer"], None]] | None = None,
        idle: Callable[[], None] = lambda: None,
        committed: dict[Place, int] | None = None,
    ) -> None:
        self._log, self._happenings, self.idle = log, dict(happenings or {}), idle
        self.committed_ = {} if committed is None else committed
        self._at: dict[Place, int] = {}
        self._calls = self._quiet = 0
        self.generation = self.openings = 0
        self.closed = self.waited = False
        self.seeks: list[tuple[Place, int]] = []
        self.commit_error: KafkaError | None = None
        self.committed_errors: list[KafkaException] = []
        self.part_errors: list[KafkaError] = []
        self.commit_part_errors: list[KafkaError] = []
        self.notes: dict[Place, str] = {}

    def opened(self, config: Mapping[str, Any]) -> "FakeConsumer":
        """What a source calls to have its consumer."""
        self.config = config
        self.openings += 1
        self._calls = 0
        return self

    def subscribe(self, topics: Sequence[str], *, on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self._on_assign, self._on_revoke = on_assign, on_revoke

    def assign(self, places: Sequence[Place]) -> None:
        """A rebalance that ends with these partitions."""
        if self._at:
            self._on_revoke(self, [TopicPartition(*place) for place in self._at])
        self.generation += 1
        # Where librdkafka would go on by itself: not where a batch that is still in work ends.
        self._at = {place: len(self._log[place]) for place in places}
        self._on_assign(self, [TopicPartition(*place) for place in places])

    def consume(self, most: int, timeout: float) -> list[Message]:
        self._calls += 1
        if self._calls == 1:
            self.assign(list(self._log))
        if happening := self._happenings.pop(self._calls, None):
            happening(self)
        found: list[Message] = []
        while len(found) < most and (open_places := [p for p in self._at if self._at[p] < len(self._log[p])]):
            for place in open_places[: most - len(found)]:
                found.append(self._take(place))
        self._quiet = 0 if found else self._quiet + 1
        if self._quiet >= IDLE_READS and timeout > 0:
            self.idle()
        return found

    def _take(self, place: Place) -> Message:
        offset = self._at[place]
        self._at[place] += 1
        one = self._log[place][offset]
        return record(*place, offset, one) if isinstance(one, bytes) else one

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self._at]

    def seek(self, part: TopicPartition) -> None:
        self._quiet = 0
        self.seeks.append(((part.topic, part.partition), part.offset))
        self._at[part.topic, part.partition] = max(0, part.offset)

    def committed(self, parts: Sequence[TopicPartition], timeout: float) -> list[Any]:
        if self.committed_errors:
            raise self.committed_errors.pop(0)
        error = self.part_errors.pop(0) if self.part_errors else None
        return [
            SimpleNamespace(
                topic=part.topic,
                partition=part.partition,
                offset=-1001 if error else self.committed_.get((part.topic, part.partition), -1001),
                error=error,
            )
            for part in parts
        ]

    def commit(self, *, offsets: Sequence[TopicPartition], asynchronous: bool) -> list[Any]:
        self.waited = not asynchronous
        if self.commit_error is not None:
            raise KafkaException(self.commit_error)
        error = self.commit_part_errors.pop(0) if self.commit_part_errors else None
        if error is None:
            self.committed_ |= {(part.topic, part.partition): part.offset for part in offsets}
            self.notes |= {(part.topic, part.partition): part.metadata for part in offsets}
        return [SimpleNamespace(topic=part.topic, partition=part.partition, error=error) for part in offsets]

    def consumer_group_metadata(self) -> str:
        return f"generation {self.generation}"

    def close(self) -> None:
        self.closed = True
