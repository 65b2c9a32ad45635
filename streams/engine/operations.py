"""What a worker tells the people who run it, on the topic `operations`."""

import json
from datetime import UTC, datetime
from typing import Any

import structlog
from confluent_kafka import KafkaException, Producer

from headrace.kafka.clients import KafkaAddress
from headrace.topics import OPERATIONS

log = structlog.get_logger()


class Operations:
    """Sends worker events; losing one harms no data, so nothing waits for them."""

    def __init__(self, address: KafkaAddress, worker: str) -> None:
        self._producer = Producer(address.producer())
        self._worker = worker

    def tell(self, event: str, model: str, **detail: Any) -> None:
        """Send one event, named in the past tense."""
        body = {"event": event, "model": model, "worker": self._worker, "at": datetime.now(UTC).isoformat(), **detail}
        log.info(event, model=model, **detail)
        try:
            self._producer.produce(OPERATIONS, json.dumps(body).encode(), key=model.encode())
            self._producer.poll(0)
        except (BufferError, KafkaException) as error:
            log.warning("event-not-sent", lost=event, detail=str(error))

    def close(self) -> None:
        """Send what is waiting."""
        self._producer.flush(5)
