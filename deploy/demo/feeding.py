"""Sends the demo's requests in event time, with bad ones among them, and labels as they become known; can wait."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from confluent_kafka import KafkaError, Message, Producer

from deploy.demo.bad import BadRequest
from deploy.demo.tally import Place, Tally
from headrace import topics
from headrace.kafka.clients import KafkaAddress

TICK_S = 0.02


class Feeder:
    """A thread that replays a span of time; its clock stands still while paused, and at a barrier."""

    def __init__(
        self, address: KafkaAddress, model: str, replay: Any, start: datetime, speed: float, tally: Tally
    ) -> None:
        self._topic, self._replay, self._speed, self._tally = topics.requests(model), replay, speed, tally
        self._labels_topic = topics.labels(model)
        self.labels = 0
        self._now_ms = start.timestamp() * 1000
        self._barrier_ms = float("inf")
        self._producer = Producer(address.producer() | {"linger.ms": 2, "delivery.timeout.ms": 120_000})
        self._bad: list[BadRequest] = []
        self._stopping, self.paused = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, bad: Sequence[BadRequest]) -> None:
        """Start sending; the bad requests go out one a second."""
        self._bad = list(bad)
        self._thread.start()

    def hold_at(self, moment: datetime | None) -> None:
        """Let the replay's clock not pass this moment; None lifts the barrier."""
        self._barrier_ms = moment.timestamp() * 1000 if moment else float("inf")

    @property
    def event_time(self) -> datetime:
        """What time it is in the replay."""
        return datetime.fromtimestamp(self._now_ms / 1000, UTC)

    @property
    def over(self) -> bool:
        """Whether all was sent and confirmed."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Stop sending."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def _run(self) -> None:
        last, next_bad = time.monotonic(), time.monotonic() + 1
        while not self._stopping.is_set() and not (self._replay.over and not self._bad):
            now = time.monotonic()
            if not self.paused.is_set():
                self._now_ms = max(
                    self._now_ms, min(self._now_ms + (now - last) * self._speed * 1000, self._barrier_ms)
                )
                for request in self._replay.until(self._now_ms):
                    self._send(request.request_id, request.value, request.key)
                for key, value in self._replay.labels_until(self._now_ms):
                    self._producer.produce(self._labels_topic, value, key=key)
                    self.labels += 1
                if self._bad and now > next_bad:
                    bad, next_bad = self._bad.pop(0), now + 1
                    self._send(f"bad-{bad.what}", bad.value, None)
            last = now
            self._producer.poll(TICK_S)
        self._producer.flush(120)

    def _send(self, request_id: str, value: bytes, key: bytes | None) -> None:
        def confirmed(error: KafkaError | None, message: Message) -> None:
            with self._tally.lock:
                if error is None:
                    self._tally.acknowledged[cast(Place, (message.partition(), message.offset()))] = request_id

        self._tally.sent_at[request_id] = time.perf_counter()
        self._tally.sent += 1
        self._producer.produce(self._topic, value, key=key, on_delivery=confirmed)
