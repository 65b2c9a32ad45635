"""Waiting until a broker answers."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.kafka.ports import answers

_PAUSE_SECONDS = 0.02


def await_ready(address: str, *, ended: Callable[[], bool], seconds: float) -> bool:
    """Waits for the broker's metadata to name a broker; False when it ended or the time is over."""
    deadline = time.monotonic() + seconds
    port = int(address.rpartition(":")[2])
    if not _until(lambda: answers(port), ended, deadline):
        return False
    client = AdminClient({"bootstrap.servers": address, "log_level": 0, "reconnect.backoff.max.ms": 100})
    return _until(lambda: _has_brokers(client), ended, deadline)


def _until(condition: Callable[[], bool], ended: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if ended() or time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _has_brokers(client: AdminClient) -> bool:
    try:
        return bool(client.list_topics(timeout=1.0).brokers)
    except KafkaException:
        return False
