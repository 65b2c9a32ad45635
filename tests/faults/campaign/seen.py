"""When answers become visible to a client: a reader of committed records, beside the run."""

import json
import threading
import time
from datetime import datetime
from pathlib import Path

import fastavro
from confluent_kafka import Consumer

from headrace import topics
from tests.faults.checker import header, percentiles, read_answer

ANSWER = "avro/answer.avsc"


class Seen:
    """Milliseconds from a request's own time to the moment at which its answer could be read, until stopped."""

    def __init__(self, bootstrap: str, model: str) -> None:
        plain = json.loads(Path(topics.schemas_folder() / ANSWER).read_text(encoding="utf-8"))
        self._prefix, self._schema = header(plain), fastavro.parse_schema(plain)
        self._milliseconds: list[int] = []
        self._closing = threading.Event()
        config = {"bootstrap.servers": bootstrap, "group.id": "seen", "isolation.level": "read_committed"}
        self._consumer = Consumer(config | {"auto.offset.reset": "earliest", "fetch.wait.max.ms": 20, "log_level": 2})
        self._consumer.subscribe([f"{model}.predictions"])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, int]:
        """Percentiles of what was seen."""
        self._closing.set()
        self._thread.join()
        self._consumer.close()
        return percentiles(self._milliseconds)

    def _run(self) -> None:
        while not self._closing.is_set():
            messages = [message for message in self._consumer.consume(1000, 0.05) if not message.error()]
            now_ms = time.time_ns() // 1_000_000
            for message in messages:
                self._milliseconds.append(now_ms - self._event_ms(message.value()))

    def _event_ms(self, value: bytes) -> int:
        told = read_answer(value, self._schema, self._prefix)["event_time"]
        when = datetime.fromisoformat(told) if isinstance(told, str) else told
        return int(when.timestamp() * 1000)
