"""The librdkafka properties that all clients share, and what their error callback heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError

# Where Java's clients put a key, ours must put it too.
PARTITIONER = "murmur2_random"
# A connection that a network forgot is noticed by nothing but a reply that does not come; librdkafka's default of a
# minute would be a minute of standstill.
REPLY_MS = 10_000


@dataclass(slots=True)
class ErrorEar:
    """Remembers what librdkafka says: wrong credentials show nowhere else, the calls just time out."""

    last: str = ""
    broker_lost: bool = False
    authentication: bool = False

    def __call__(self, error: KafkaError) -> None:
        self.last = error.str()
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            self.broker_lost = True
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.authentication = True

    def take_broker_lost(self) -> bool:
        """Whether a connection was lost since this was last asked."""
        lost, self.broker_lost = self.broker_lost, False
        return lost


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """Where Kafka is and how to speak to it."""

    bootstrap: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def client(self, ear: ErrorEar | None = None) -> dict[str, Any]:
        """What every client is configured with."""
        own = {"bootstrap.servers": self.bootstrap, "error_cb": ear or ErrorEar(), "log_level": 2}
        return own | {"socket.timeout.ms": REPLY_MS} | dict(self.properties)

    def producer(self, ear: ErrorEar | None = None) -> dict[str, Any]:
        """A producer that waits for all replicas and writes each record once, in order."""
        return self.client(ear) | {"acks": "all", "enable.idempotence": True, "partitioner": PARTITIONER}

    def reader(self, ear: ErrorEar | None = None) -> dict[str, Any]:
        """A consumer that assigns itself partitions, commits nothing and sees only committed records."""
        return self.client(ear) | {
            "group.id": "headrace.reader",  # librdkafka demands one; nothing is ever committed under it
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 10,
        }
