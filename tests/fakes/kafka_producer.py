"""A producer that queues as far as a test lets it."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException

FULL = KafkaError(KafkaError._QUEUE_FULL, "Local: Queue full")
LARGE = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "Broker: Message size too large")


class FakeProducer:
    """Its queue holds `room` messages, each of at most `most_bytes`; like librdkafka's, a batch never raises."""

    def __init__(self, *, room: int = 1_000_000, most_bytes: int = 1_000_000) -> None:
        self._room, self._most = room, most_bytes
        self.queued: list[tuple[str, bytes | None, bytes | None, int, Sequence[Any]]] = []

    def produce_batch(self, topic: str, messages: list[dict[str, Any]]) -> int:
        before = len(self.queued)
        for message in messages:
            if (error := self._fault(message["value"])) is not None:
                message["_error"] = error
            else:
                self.queued.append((topic, message["key"], message["value"], -1, ()))
        return len(self.queued) - before

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        partition: int = -1,
        headers: Sequence[Any] = (),
    ) -> None:
        error = self._fault(value)
        if error is FULL:
            raise BufferError("Local: Queue full")
        if error is not None:
            raise KafkaException(error)
        self.queued.append((topic, key, value, partition, headers))

    def _fault(self, value: bytes | None) -> KafkaError | None:
        if len(value or b"") > self._most:
            return LARGE
        return FULL if len(self.queued) >= self._room else None
