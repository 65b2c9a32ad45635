"""Kafka records as librdkafka hands them out, and batches of them."""

import json
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, Message

from streams.engine.batch import Batch, Place, offset_of, place_of


def record(
    topic: str,
    partition: int,
    offset: int,
    value: bytes | None,
    *,
    key: bytes | None = None,
    error: KafkaError | None = None,
    at_ms: int = 0,
) -> Message:
    """One record that was read."""
    return Message(
        topic=topic, partition=partition, offset=offset, key=key, value=value, error=error, timestamp=(1, at_ms)
    )


def request(request_id: str | None, *, entity: str | None = None, **features: Any) -> bytes:
    """A request as JSON; without a request_id nobody can be answered."""
    body = {"request_id": request_id, "event_time": 1_700_000_000_000, "entity": entity, "features": features}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def batch(messages: Sequence[Message], previous_last: dict[Place, int] | None = None) -> Batch:
    """A batch as a source would have read it."""
    next_offsets = {place_of(message): offset_of(message) + 1 for message in messages}
    first = {place_of(message): offset_of(message) for message in reversed(messages)}
    return Batch(
        messages=list(messages),
        next_offsets=next_offsets,
        previous_last=previous_last or {place: offset - 1 for place, offset in first.items()},
        group_metadata="metadata",
    )
