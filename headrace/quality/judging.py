"""Quality by version, variant and window, and whether a window is old and complete enough to be judged; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from headrace.instants import spelt
from headrace.quality import measures
from headrace.quality.measures import Floats, Measure

Key = tuple[str, str, datetime]
BINS = 10


class State(StrEnum):
    """Whether a window may be judged. Early labels are not like the late ones, so a young window's quality misleads."""

    IMMATURE = "immature"  # younger than the time in which labels arrive
    INCOMPLETE = "incomplete"  # old enough, and yet fewer labels than there should be
    MATURE = "mature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When labels are there: after so long, for at least such a share of the requests."""

    within: timedelta
    share: float

    def state(self, end: datetime, clock: datetime, share: float) -> State:
        """Of a window that ends at `end`, when it is `clock`."""
        if end + self.within > clock:
            return State.IMMATURE
        return State.MATURE if share >= self.share else State.INCOMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Labelled answers as columns of equal length; weights are 1 / inclusion probability."""

    labels: Floats
    scores: Floats
    decisions: Floats
    weights: Floats
    contradictory: int = 0

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """All rows of the parts."""
        columns = {
            name: np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])
            for name in ("labels", "scores", "decisions", "weights")
        }
        return cls(**columns, contradictory=sum(part.contradictory for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The answers of one version and variant whose events are in one window, or (start None) in all that are mature."""

    version: str
    variant: str
    start: datetime | None
    predicted: int
    labels: int
    contradictory: int
    state: State
    measures: Mapping[str, Measure | None]
    reliability: Sequence[tuple[int, float, float]] = ()

    @property
    def share(self) -> float:
        """The share of its answers whose label has arrived."""
        return self.labels / self.predicted if self.predicted else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As --json prints it: each measure is [value, low, high] or null."""
        return {
            "version": self.version,
            "variant": self.variant,
            "window": spelt(self.start) if self.start else None,
            "predicted": self.predicted,
            "labels": self.labels,
            "share": round(self.share, 6),
            "contradictory": self.contradictory,
            "state": str(self.state),
            **{name: measure.to_list() if measure else None for name, measure in self.measures.items()},
            "reliability": [list(one) for one in self.reliability],
        }


def judge(
    *,
    task: str,
    predicted: Mapping[Key, int],
    labelled: Mapping[Key, Rows],
    window: timedelta,
    clock: datetime,
    expected: Expected,
) -> list[Cohort]:
    """One cohort for each key that was predicted, in order; a version's mature windows together come after its own."""
    cohorts: list[Cohort] = []
    for version, variant in sorted({key[:2] for key in predicted}, key=_natural):
        windows = []
        for key in sorted(key for key in predicted if key[:2] == (version, variant)):
            rows = labelled.get(key, Rows.joined([]))
            state = expected.state(key[2] + window, clock, len(rows.labels) / predicted[key])
            windows.append(_cohort(task, key[:2], key[2], rows, predicted[key], state))
        cohorts += windows
        if mature := [one for one in windows if one.state is State.MATURE]:
            rows = Rows.joined([labelled[version, variant, one.start] for one in mature if one.start])
            total = sum(one.predicted for one in mature)
            cohorts.append(_cohort(task, (version, variant), None, rows, total, State.MATURE))
    return cohorts


def _cohort(
    task: str, who: tuple[str, str], start: datetime | None, rows: Rows, predicted: int, state: State
) -> Cohort:
    if task == "regression":
        found = measures.regression(rows.labels, rows.scores, rows.weights)
    else:
        found = measures.classification(rows.labels, rows.scores, rows.decisions, rows.weights)
    return Cohort(
        version=who[0],
        variant=who[1],
        start=start,
        predicted=predicted,
        labels=len(rows.labels),
        contradictory=rows.contradictory,
        state=state,
        measures=found,
        reliability=() if task == "regression" else reliability(rows.labels, rows.scores, rows.weights),
    )


def reliability(labels: Floats, scores: Floats, weights: Floats) -> list[tuple[int, float, float]]:
    """Rows, mean score and rate of yes in each tenth of the scores' range that holds any."""
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    rows, total = np.bincount(bins), np.bincount(bins, weights)
    score, yes = (np.bincount(bins, weights * values) for values in (scores, labels))
    held = np.flatnonzero(rows)
    return [(int(rows[n]), float(score[n] / total[n]), float(yes[n] / total[n])) for n in held]


def _natural(pair: tuple[str, str]) -> tuple[int, str, str]:
    """v2 before v10."""
    return len(pair[0]), *pair
