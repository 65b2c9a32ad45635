"""Every answer to a request_id that ClickHouse knows of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headrace import topics
from headrace.clickhouse.client import ClickHouse
from headrace.features import RESERVED, Feature
from headrace.ledger.errors import NotApplied, RequestUnknown
from headrace.ledger.restoring import described_feature, selected
from headrace.modelfolder import NAME

SUFFIX = "_predictions"
OWN = ("source_partition", "source_offset", "entity", "event_time", "scored_at")
SCORED = ("version", "variant", "release", "score", "decision")
# Only tables that `headrace apply` made: a user may have others of such a name.
COLUMNS = """
SELECT table, name, comment FROM system.columns
WHERE database = currentDatabase() AND endsWith(table, %(suffix)s) AND table IN
    (SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'ReplacingMergeTree'))
ORDER BY table, position
"""
REJECTIONS = """
SELECT model, source_topic, source_partition, source_offset, scored_at, reason, worker FROM rejections FINAL
WHERE request_id = %(request_id)s
"""
PINNED = """
SELECT pinned FROM blocks FINAL
WHERE model = %(model)s AND source_partition = %(partition)s
    AND first_offset <= %(offset)s AND last_offset >= %(offset)s LIMIT 1
"""
MERGED = "SETTINGS do_not_merge_across_partitions_select_final = 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAnswer:
    """What ClickHouse holds of one answer; values are the features' as ClickHouse gave them (see restoring).

    pinned: parameters that the worker set otherwise than the release.
    """

    model: str
    request_id: str
    source_topic: str
    source_partition: int
    source_offset: int
    scored_at: datetime
    event_time: datetime | None = None
    entity: str | None = None
    version: str = ""
    variant: str = ""
    release: str = ""
    score: float | None = None
    decision: bool | None = None
    pinned: Mapping[str, float] = field(default_factory=dict)
    features: tuple[Feature, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    worker: str = ""


def find(clickhouse: ClickHouse, request_id: str, model: str | None) -> list[FoundAnswer]:
    """All answers, oldest first; raises RequestUnknown when there is none."""
    tables = _tables(clickhouse)
    if model is not None and model not in tables:
        raise NotApplied(model)
    wanted = tables if model is None else {model: tables[model]}
    found = [answer for name, features in wanted.items() for answer in _scored(clickhouse, request_id, name, features)]
    found += [answer for answer in _rejected(clickhouse, request_id) if answer.model in wanted] if wanted else []
    if not found:
        raise RequestUnknown(request_id, ", ".join(wanted) or "no model at all")
    return sorted(found, key=lambda answer: (answer.scored_at, answer.source_partition, answer.source_offset))


def _tables(clickhouse: ClickHouse) -> dict[str, tuple[Feature, ...]]:
    """Each model's features, as its table has them."""
    found: dict[str, list[Feature]] = {}
    for table, name, comment in clickhouse.rows(COLUMNS, {"suffix": SUFFIX}, doing="looking for tables"):
        model = table.removesuffix(SUFFIX)
        if NAME.fullmatch(model):
            features = found.setdefault(model, [])
            features += [described_feature(name, comment)] if name not in RESERVED else []
    return {model: tuple(features) for model, features in found.items()}


def _scored(
    clickhouse: ClickHouse, request_id: str, model: str, features: tuple[Feature, ...]
) -> Iterator[FoundAnswer]:
    asked = ", ".join([*OWN, *SCORED, *map(selected, features)])
    query = f"SELECT {asked} FROM {model}{SUFFIX} FINAL WHERE request_id = %(request_id)s {MERGED}"
    for row in clickhouse.rows(query, {"request_id": request_id}, doing=f"looking for {request_id} in {model}{SUFFIX}"):
        own = dict(zip(OWN + SCORED, row, strict=False))
        values = row[len(own) :]
        yield FoundAnswer(
            model=model,
            request_id=request_id,
            source_topic=topics.requests(model),
            features=features,
            values={feature.name: value for feature, value in zip(features, values, strict=True)},
            pinned=_pinned(clickhouse, model, own["source_partition"], own["source_offset"]),
            **own,
        )


def _pinned(clickhouse: ClickHouse, model: str, partition: int, offset: int) -> Mapping[str, float]:
    asked = {"model": model, "partition": partition, "offset": offset}
    return dict(*(row[0] for row in clickhouse.rows(PINNED, asked, doing="looking for what was pinned")))


def _rejected(clickhouse: ClickHouse, request_id: str) -> Iterator[FoundAnswer]:
    found = clickhouse.rows(REJECTIONS, {"request_id": request_id}, doing=f"looking for {request_id} in rejections")
    for model, topic, partition, offset, scored_at, reason, worker in found:
        yield FoundAnswer(
            model=model,
            request_id=request_id,
            source_topic=topic,
            source_partition=partition,
            source_offset=offset,
            scored_at=scored_at,
            reason=reason,
            worker=worker,
        )
