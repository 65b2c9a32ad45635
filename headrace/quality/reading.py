"""What ClickHouse knows of a model's answers and labels."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from headrace.clickhouse.client import ClickHouse
from headrace.quality.errors import UnknownModel
from headrace.quality.judging import Cohort, Expected, Key, Rows, judge

# A clock may be wrong; nothing has happened after now.
CLOCK = """
SELECT least(greatest(p.latest, l.latest), now64(3))
FROM (SELECT max(event_time) AS latest FROM {model}_predictions) AS p,
    (SELECT ifNull(max(label_time), toDateTime64(0, 3, 'UTC')) AS latest FROM {model}_labels) AS l
"""
PREDICTED = """
SELECT version, variant, intDiv(toUnixTimestamp64Milli(event_time), %(window)s) AS number, count()
FROM (
    SELECT version, variant, event_time, request_id
    FROM {model}_predictions FINAL
    WHERE event_time >= %(since)s AND event_time < %(until)s
    ORDER BY scored_at, source_partition, source_offset
    LIMIT 1 BY request_id
)
GROUP BY version, variant, number
"""
LABELLED = """
SELECT version, variant, intDiv(toUnixTimestamp64Milli(event_time), %(window)s) AS number,
    groupArray(assumeNotNull(label)), groupArray(score), groupArray(toFloat64(ifNull(decision, 0))),
    groupArray(1 / inclusion_probability), countIf(contradictory)
FROM {model}_labelled
WHERE event_time >= %(since)s AND event_time < %(until)s
GROUP BY version, variant, number
"""
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What `headrace apply` wrote down of a model."""

    task: str
    label: str
    expected: Expected


def about(clickhouse: ClickHouse, model: str) -> About:
    """Raises UnknownModel."""
    found = clickhouse.rows(
        "SELECT model, task, label, labels_within_hours, labels_share FROM models FINAL", doing="reading the models"
    )
    for name, task, label, hours, share in found:
        if name == model:
            return About(task=task, label=label, expected=Expected(within=timedelta(hours=hours), share=share))
    raise UnknownModel(model, sorted(row[0] for row in found))


class QualityReader:
    """Reads one model's answers and labels in windows of event time."""

    def __init__(
        self, clickhouse: ClickHouse, model: str, window: timedelta, since: datetime | None, until: datetime | None
    ) -> None:
        self._clickhouse, self._model, self._window = clickhouse, model, window
        self._asked = {
            "window": window // timedelta(milliseconds=1),
            "since": (since or EARLIEST).astimezone(UTC),
            "until": (until or LATEST).astimezone(UTC),
        }

    def clock(self) -> datetime:
        """The latest moment that an answer or a label tells of: the time in the stream, which may be a replay's."""
        found: datetime | None = self._rows(CLOCK)[0][0]
        return found or EARLIEST

    def predicted(self) -> dict[Key, int]:
        """Answers, each request_id once."""
        return {self._key(row): int(row[3]) for row in self._rows(PREDICTED)}

    def labelled(self) -> dict[Key, Rows]:
        """Labelled answers, each request_id once."""
        return {self._key(row): _rows(row) for row in self._rows(LABELLED)}

    def _key(self, row: Any) -> Key:
        return row[0], row[1], datetime(1970, 1, 1, tzinfo=UTC) + row[2] * self._window

    def _rows(self, query: str) -> list[Any]:
        return self._clickhouse.rows(query.format(model=self._model), self._asked, doing="reading answers and labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What can be said of a model when it is `clock` in its stream."""

    task: str
    clock: datetime
    cohorts: list[Cohort]


def quality_of(
    clickhouse: ClickHouse,
    model: str,
    *,
    window: timedelta,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Quality:
    """Read and judge; raises UnknownModel."""
    known = about(clickhouse, model)
    reader = QualityReader(clickhouse, model, window, since, until)
    clock = reader.clock()
    cohorts = judge(
        task=known.task,
        predicted=reader.predicted(),
        labelled=reader.labelled(),
        window=window,
        clock=clock,
        expected=known.expected,
    )
    return Quality(task=known.task, clock=clock, cohorts=cohorts)


def _rows(row: Any) -> Rows:
    labels, scores, decisions, weights = (np.array(column, np.float64) for column in row[3:7])
    return Rows(labels=labels, scores=scores, decisions=decisions, weights=weights, contradictory=int(row[7]))
