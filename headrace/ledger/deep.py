"""The long way to count: the topics of answers and dead letters whole, and each block by itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from confluent_kafka import Consumer, Message

from headrace import topics
from headrace.clickhouse.client import ClickHouse
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.read import end_offsets, read_to_end
from headrace.ledger.answers import AnswerOrigins, Origins, dead_letter_origins
from headrace.ledger.facts import BlockHeader
from headrace.ledger.matching import Promise, match
from headrace.ledger.report import Fault

HEADERS = """
SELECT source_partition, first_offset, last_offset, previous_last_offset,
    received, answered, rejected, unidentified, logged, toUnixTimestamp64Milli(scored_at)
FROM blocks FINAL
WHERE model = %(model)s AND source_topic = %(topic)s
ORDER BY partition, offset
"""
ROWS = """
SELECT source_partition, source_offset
FROM {table} FINAL {where}
SETTINGS do_not_merge_across_partitions_select_final = 0
"""
# How far the clock of a record may be from that of its block.
CLOCK_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedHeader:
    """A header, and when its requests were scored (ms since 1970)."""

    header: BlockHeader
    scored_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a topic holds; since_ms: what is older may have left it already (0: nothing has)."""

    origins: Origins
    since_ms: int = 0


class DeepCount:
    """Compares answers, dead letters, rows and rejections with the blocks that vouch for them, block by block."""

    def __init__(self, model: str, *, kafka: KafkaAddress, clickhouse: ClickHouse) -> None:
        self._model, self._kafka, self._clickhouse = model, kafka, clickhouse

    def headers(self) -> list[DatedHeader]:
        """Every header there is."""
        told = {"model": self._model, "topic": topics.requests(self._model)}
        rows = self._clickhouse.rows(HEADERS, told, doing=f"reading log blocks of {self._model}")
        return [_dated(*row) for row in rows]

    def faults(self, headers: Sequence[DatedHeader]) -> list[Fault]:
        """What does not stand where its block says."""
        answers = self._read(topics.predictions(self._model), AnswerOrigins().read)
        dead = self._read(topics.dead_letters(self._model), dead_letter_origins)
        rejections = "WHERE source_topic = %(topic)s"
        return [
            *_compare("answers", headers, answers, lambda header: header.answered),
            *_compare("dead letters", headers, dead, lambda header: header.rejected),
            *_compare("rows", headers, self._rows(f"{self._model}_predictions"), lambda header: header.logged),
            *_compare("rejections", headers, self._rows("rejections", rejections), lambda header: header.rejected),
        ]

    def _read(self, topic: str, read: Callable[[Sequence[Message]], Origins]) -> Found:
        trimmed = self._trimmed(topic)
        parts: list[Origins] = []
        since: dict[int | None, int] = {}
        for messages in read_to_end(self._kafka, topic):
            parts.append(read(messages))
            for message in messages:
                if message.partition() in trimmed:
                    since.setdefault(message.partition(), message.timestamp()[1])
        return Found(origins=Origins.join(parts), since_ms=max(since.values(), default=0))

    def _trimmed(self, topic: str) -> set[int]:
        """Partitions whose oldest records have left the topic."""
        ear = ErrorEar()
        consumer = Consumer(self._kafka.reader(ear))
        try:
            return {p for p, (low, _) in end_offsets(consumer, topic, self._kafka, ear).items() if low > 0}
        finally:
            consumer.close()

    def _rows(self, table: str, where: str = "") -> Found:
        found = self._clickhouse.rows(
            ROWS.format(table=table, where=where), {"topic": topics.requests(self._model)}, doing=f"reading {table}"
        )
        places = np.array(found, np.int64).reshape(-1, 2)
        return Found(origins=Origins(partition=places[:, 0], offset=places[:, 1]))


def _compare(
    what: str, headers: Sequence[DatedHeader], found: Found, promised: Callable[[BlockHeader], int]
) -> Iterator[Fault]:
    if found.origins.unreadable:
        number = found.origins.unreadable
        yield Fault(partition=None, count=number, words=f"{what} that do not tell whose they are: {number}")
    for partition, ours in _by_partition(headers).items():
        promises = [_promise(dated, found.since_ms, promised) for dated in ours]
        yield from match(partition, what, promises, found.origins.offset[found.origins.partition == partition])


def _promise(dated: DatedHeader, since_ms: int, promised: Callable[[BlockHeader], int]) -> Promise:
    header = dated.header
    gone = bool(since_ms) and dated.scored_ms < since_ms + CLOCK_MS
    return Promise(first=header.first_offset, last=header.last_offset, count=None if gone else promised(header))


def _by_partition(headers: Sequence[DatedHeader]) -> Mapping[int, list[DatedHeader]]:
    found: dict[int, list[DatedHeader]] = {}
    for dated in headers:
        found.setdefault(dated.header.source_partition, []).append(dated)
    return found


def _dated(
    partition: int, first: int, last: int, previous: int,
    received: int, answered: int, rejected: int, unidentified: int, logged: int, scored_ms: int,
) -> DatedHeader:  # fmt: skip
    header = BlockHeader(
        source_partition=partition,
        first_offset=first,
        last_offset=last,
        previous_last_offset=previous,
        received=received,
        answered=answered,
        rejected=rejected,
        unidentified=unidentified,
        logged=logged,
    )
    return DatedHeader(header=header, scored_ms=scored_ms)
