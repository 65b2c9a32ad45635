"""A window is judged when its labels had the time to come and came."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from headrace.quality.judging import Cohort, Expected, Key, Rows, State, judge

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
EXPECTED = Expected(within=timedelta(hours=12), share=0.8)


def key(day: int, version: str = "v1") -> Key:
    return version, "champion", START + day * DAY


def judged(predicted: dict[Key, int], labels: list[tuple[Key, float, float]], clock: datetime) -> list[Cohort]:
    return judge(
        task="classification",
        predicted=predicted,
        labelled={one: rows([(label, score) for other, label, score in labels if other == one]) for one, *_ in labels},
        window=DAY,
        clock=clock,
        expected=EXPECTED,
    )


def rows(pairs: list[tuple[float, float]]) -> Rows:
    labels, scores = (np.array(column) for column in zip(*pairs, strict=True))
    return Rows(labels=labels, scores=scores, decisions=scores >= 0.5, weights=np.ones(len(pairs)))


@pytest.mark.parametrize(
    ("hours", "share", "state"),
    [(11.9, 1.0, State.IMMATURE), (12, 1.0, State.MATURE), (12, 0.8, State.MATURE), (500, 0.79, State.INCOMPLETE)],
)
def test_age_and_share_decide(hours: float, share: float, state: State) -> None:
    assert EXPECTED.state(START, START + timedelta(hours=hours), share) is state


def test_only_mature_windows_count_together() -> None:
    labels = [(key(0), float(i % 2), (i % 2) * 0.8 + 0.1) for i in range(10)]
    labels += [(key(1), float(i % 2), 0.9 - (i % 2) * 0.8) for i in range(10)]
    first, second, together = judged({key(0): 10, key(1): 10}, labels, START + 2 * DAY)
    assert (first.state, second.state) == (State.MATURE, State.IMMATURE)
    assert together.start is None and (together.predicted, together.labels) == (10, 10)
    assert together.measures["auc"] and together.measures["auc"].value == 1.0
    assert second.measures["auc"] and second.measures["auc"].value == 0.0


def test_a_window_without_any_label_is_shown_and_not_judged() -> None:
    (only,) = judged({key(0): 4}, [], START + 9 * DAY)
    assert (only.labels, only.share, only.state) == (0, 0.0, State.INCOMPLETE)
    assert set(only.measures.values()) == {None}


def test_versions_come_in_their_order() -> None:
    found = judged({key(0, "v10"): 1, key(0, "v9"): 1}, [], START)
    assert [one.version for one in found] == ["v9", "v10"]


def test_reliability_tells_score_and_rate_of_each_tenth() -> None:
    found, _ = judged({key(0): 2}, [(key(0), 1.0, 0.12), (key(0), 0.0, 1.0)], START + 9 * DAY)
    assert found.reliability == [(1, 0.12, 1.0), (1, 1.0, 0.0)]
    assert found.to_dict()["window"] == "2026-01-01T00:00:00Z"
