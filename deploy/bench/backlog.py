"""A backlog that appears at once: many requests in one transaction, invisible to workers until it is committed.

So every worker is there and waits when the work begins, and none has had a head start.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from deploy.bench.errors import BenchFailed
from deploy.bench.process import Running, await_all
from deploy.bench.site import PARTITIONS, Site
from headrace import topics
from headrace.kafka.group import GroupOffsets

CHUNK = 20_000
CALL_S = 60.0
RUN_S = 600.0
# One transaction puts one marker into each partition, behind its records.
MARKER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What answering took: CPU seconds of all workers, and seconds on the clock."""

    cpu_s: float
    seconds: float


class Backlog:
    """Requests of one model."""

    def __init__(self, site: Site, values: Sequence[bytes]) -> None:
        self._site, self._values = site, values
        self._topic = topics.requests(site.model)
        self._group = GroupOffsets(site.address, topics.scorers_group(site.model))
        self._admin = AdminClient(site.address.client())
        own = {"transactional.id": f"backlog-{site.model}", "transaction.timeout.ms": 600_000}
        bulk = {"linger.ms": 5, "queue.buffering.max.messages": 2 * CHUNK, "batch.size": 500_000}
        self._producer = Producer(site.address.producer() | own | bulk)
        self._producer.init_transactions(CALL_S)

    def answered(self, count: int, workers: tuple[Running, ...]) -> Cost:
        """Let so many requests appear; returns when the workers have committed that all are answered."""
        self._producer.begin_transaction()
        for first in range(0, count, CHUNK):
            self._write(first, min(CHUNK, count - first))
        before, began = sum(worker.cpu_s for worker in workers), time.monotonic()
        self._producer.commit_transaction(CALL_S)
        ends = self._ends()
        await_all(workers, lambda: self._done(ends), f"the answers to {count} requests", RUN_S)
        ended = time.monotonic()
        return Cost(cpu_s=sum(worker.cpu_s for worker in workers) - before, seconds=ended - began)

    def _write(self, first: int, count: int) -> None:
        kinds = len(self._values)
        chunk: list[dict[str, Any]] = [
            {"key": i.to_bytes(8, "little"), "value": self._values[i % kinds]} for i in range(first, first + count)
        ]
        if self._producer.produce_batch(self._topic, chunk) != count or self._producer.flush(CALL_S):
            raise BenchFailed(f"the requests could not be written to {self._topic}")

    def _ends(self) -> dict[int, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(self._topic, p): latest for p in range(PARTITIONS)}
        found = self._admin.list_offsets(asked, request_timeout=CALL_S)
        return {part.partition: future.result(CALL_S).offset - MARKER for part, future in found.items()}

    def _done(self, ends: dict[int, int]) -> bool:
        found = self._group.committed([TopicPartition(self._topic, p) for p in ends])
        return all(part.offset >= ends[part.partition] for part in found)
