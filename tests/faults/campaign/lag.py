"""How far ClickHouse is behind the requests, watched over time."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clickhouse_driver import Client
from confluent_kafka import Consumer, TopicPartition

PERIOD_S = 0.5
# Rows that are so young are no lag: a transaction, the sink's gathering and an insert take their time.
FRESH_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """At one moment: how many requests stand in Kafka, how many of them ClickHouse's ledger knows."""

    at: float
    accepted: int
    received: int


class LagWatch:
    """Samples until closed, over clients of its own; what cannot be asked while servers are away is left out."""

    def __init__(self, bootstrap: str, clickhouse: tuple[str, int], model: str) -> None:
        self._topic, self._query = (
            f"{model}.requests",
            f"SELECT sum(received) FROM blocks FINAL WHERE model = '{model}'",
        )
        self._bootstrap, self._clickhouse = bootstrap, clickhouse
        self._marked: float | None = None
        self._samples: list[Sample] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop sampling."""
        self._closing.set()
        self._thread.join(30)

    def mark(self) -> None:
        """Recovery counts from now."""
        self._marked = time.monotonic()

    def is_gone(self) -> bool:
        """Whether a moment ago nothing was missing any more; True once, at the first sample after the call's."""
        asked = time.monotonic()
        while not (later := [sample for sample in self._samples if sample.at > asked]):
            if self._closing.wait(PERIOD_S / 5) or time.monotonic() > asked + 30:
                return False
        return later[0].received >= later[0].accepted

    @property
    def recovered_s(self) -> float | None:
        """Seconds from the last mark."""
        return None if self._marked is None else recovery(list(self._samples), self._marked)

    @property
    def samples(self) -> list[Sample]:
        """All until now."""
        return list(self._samples)

    @property
    def most(self) -> int:
        """The largest number of requests by which ClickHouse was behind at a sample."""
        return max((sample.accepted - sample.received for sample in self._samples), default=0)

    def _run(self) -> None:
        with _Sampling(self._bootstrap, self._clickhouse, self._topic, self._query) as sampling:
            while not self._closing.wait(PERIOD_S):
                if sample := sampling.sample():
                    self._samples.append(sample)


@dataclass
class _Sampling:
    bootstrap: str
    clickhouse: tuple[str, int]
    topic: str
    query: str
    _places: list[TopicPartition] = field(default_factory=list)

    def __enter__(self) -> "_Sampling":
        config = {"bootstrap.servers": self.bootstrap, "group.id": "lag", "log_level": 0, "error_cb": lambda _: None}
        self._consumer = Consumer(config)
        self._client = Client(*self.clickhouse, connect_timeout=3, send_receive_timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
        self._client.disconnect()

    def sample(self) -> Sample | None:
        """None when a server did not answer. Accepted is asked first: what comes between is lag, never the reverse."""
        try:
            at, accepted = time.monotonic(), sum(self._end(place) for place in self._partitions())
            received: Any = self._client.execute(self.query)
            return Sample(at=at, accepted=accepted, received=int(received[0][0]))
        except Exception:
            self._client.disconnect()
            return None

    def _partitions(self) -> list[TopicPartition]:
        if not self._places:
            found = self._consumer.list_topics(self.topic, timeout=3).topics[self.topic].partitions
            self._places = [TopicPartition(self.topic, number) for number in found]
        return self._places

    def _end(self, place: TopicPartition) -> int:
        low_high: Any = self._consumer.get_watermark_offsets(place, timeout=3)
        return int(low_high[1])


def recovery(samples: Sequence[Sample], marked: float) -> float | None:
    """Seconds until ClickHouse had all that stood in Kafka at the mark, and no lag; None if that never came."""
    since = [sample for sample in samples if sample.at >= marked]
    for sample in since:
        due = max(since[0].accepted, _accepted_at(samples, sample.at - FRESH_S))
        if sample.received >= due:
            return round(sample.at - marked, 1)
    return None


def _accepted_at(samples: Sequence[Sample], moment: float) -> int:
    return max((sample.accepted for sample in samples if sample.at <= moment), default=0)
