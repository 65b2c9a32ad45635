"""What was answered: the ledger's blocks say by which release, rows and rejections say what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace import topics
from headrace.clickhouse.client import ClickHouse
from streams.replay.comparing import Answer

BLOCKS = """
SELECT first_offset, last_offset, release, pinned FROM blocks FINAL
WHERE source_topic = %(requests)s AND source_partition = %(partition)s AND model = %(model)s
    AND last_offset >= %(first)s AND first_offset <= %(last)s
SETTINGS do_not_merge_across_partitions_select_final = 0
"""
SCORED = """
SELECT source_offset, release, version, variant, score, decision FROM {model}_predictions FINAL
WHERE source_partition = %(partition)s AND source_offset BETWEEN %(first)s AND %(last)s
SETTINGS do_not_merge_across_partitions_select_final = 0
"""
REJECTED = """
SELECT source_offset, reason FROM rejections FINAL
WHERE source_topic = %(requests)s AND source_partition = %(partition)s
    AND source_offset BETWEEN %(first)s AND %(last)s
"""
Pinned = tuple[tuple[str, float], ...]
LAST = """
SELECT maxOrNull(last_offset) FROM blocks
WHERE source_topic = %(requests)s AND source_partition = %(partition)s AND model = %(model)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """Releases and answers of a run of requests, by offset; last: of the partition's last block (-1 without any).

    pinned: parameters that the worker set otherwise than the release; offsets without any are left out.
    """

    releases: Mapping[int, str]
    pinned: Mapping[int, Pinned]
    answers: Mapping[int, Answer]
    last: int


class Answered:
    """Looks up what was answered, a run of one partition at a time."""

    def __init__(self, clickhouse: ClickHouse, model: str) -> None:
        self._clickhouse, self._model = clickhouse, model

    def between(self, partition: int, first: int, last: int) -> Then:
        """What became of the requests from first to last."""
        told = {
            "model": self._model,
            "requests": topics.requests(self._model),
            "partition": partition,
            "first": first,
            "last": last,
        }
        # First of all: the sink writes rows before their block, so that all up to here is there by now.
        ((end,),) = self._rows(LAST, told)
        releases: dict[int, str] = {}
        pinned: dict[int, Pinned] = {}
        for begin, end, release, pins in self._rows(BLOCKS, told):
            span = range(max(begin, first), min(end, last) + 1)
            releases |= dict.fromkeys(span, release)
            pinned |= dict.fromkeys(span if pins else (), tuple(pins.items()))
        answers = {offset: Answer(reason=reason) for offset, reason in self._rows(REJECTED, told)}
        for offset, release, version, variant, score, decision in self._rows(SCORED.format(model=self._model), told):
            releases[offset] = release
            answers[offset] = Answer(version, variant, score, decision)
        return Then(releases=releases, pinned=pinned, answers=answers, last=-1 if end is None else end)

    def _rows(self, query: str, told: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._clickhouse.rows(query, told, doing=f"reading what was answered by {self._model}")
