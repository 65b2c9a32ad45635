"""From a batch of requests to delivered answers; runs on the source's thread."""

import time
from typing import Protocol

import numpy as np
from confluent_kafka import Message

from streams.engine.batch import Batch, Place, place_of
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints
from streams.engine.outputs import Outputs
from streams.score.core import Decisions, handle
from streams.score.outputs import UNDELIVERABLE, Origin, OutputWriter
from streams.score.serving import Serving


class Deliverer(Protocol):
    """Makes a batch's outputs and offsets durable, or raises NotDelivered."""

    def deliver(self, batch: Batch, outputs: Outputs) -> None: ...


class Delivery:
    """One model's way from requests to answers."""

    def __init__(self, *, writer: OutputWriter, deliverer: Deliverer, max_bytes: int, failpoints: Failpoints) -> None:
        self._writer, self._deliverer = writer, deliverer
        self._max_bytes, self._failpoints = max_bytes, failpoints
        self._undeliverable: dict[tuple[Place, int], str] = {}

    def run(self, batch: Batch, serving: Serving) -> Decisions:
        """Read, score, write and deliver one batch; raises NotDelivered when nothing of it became visible."""
        self._failpoints.passing("after_read")
        origin = _origin(batch)
        requests = serving.reader.read(origin.values, self._max_bytes)
        decisions = handle(requests, serving, self._refused(origin))
        outputs = self._writer.write(requests, origin, decisions, serving, batch.previous_last, time.time_ns() // 1000)
        self._failpoints.passing("after_score")
        try:
            self._deliverer.deliver(batch, outputs)
        except NotDelivered as error:
            self._note(batch, error)
            raise
        self._forget(batch)
        return decisions

    def _refused(self, origin: Origin) -> dict[int, str]:
        if not self._undeliverable:
            return {}
        places = enumerate(zip(origin.partition.tolist(), origin.offset.tolist(), strict=True))
        found = ((row, self._undeliverable.get(((origin.topic, p), o))) for row, (p, o) in places)
        return {row: reason for row, reason in found if reason}

    def _note(self, batch: Batch, error: NotDelivered) -> None:
        """A single request whose outputs Kafka finds too large would be tried for ever: reject it instead."""
        if error.cause == "too-large" and batch.rows == 1:
            ((place, following),) = batch.next_offsets.items()
            reason = f"{UNDELIVERABLE}: its outputs are larger than Kafka takes ({error})"
            self._undeliverable[place, following - 1] = reason

    def _forget(self, batch: Batch) -> None:
        """What is behind us now; another partition's may still be to come, however long this one goes on."""
        self._undeliverable = {
            (place, offset): reason
            for (place, offset), reason in self._undeliverable.items()
            if offset >= batch.next_offsets.get(place, 0)
        }


def _origin(batch: Batch) -> Origin:
    messages = batch.messages
    return Origin(
        topic=place_of(messages[0])[0],
        partition=np.fromiter(map(Message.partition, messages), np.int32, len(messages)),
        offset=np.fromiter(map(Message.offset, messages), np.int64, len(messages)),
        keys=list(map(Message.key, messages)),
        values=list(map(Message.value, messages)),
    )
