"""The metrics equal what their definitions give, computed in another way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.core.metrics import classification, measure, regression

SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.01, 0.2, 0.2, 0.5, 0.73, 0.99])), min_size=1, max_size=40)


@given(SCORED)
def test_classification_metrics_equal_their_definitions(scored: list[tuple[bool, float]]) -> None:
    labels, scores = [label for label, _ in scored], [score for _, score in scored]
    got = classification(np.array(labels, float), np.array(scores), threshold=0.5)
    yes = [score for label, score in scored if label]
    no = [score for label, score in scored if not label]
    assert (got["rows"], got["positives"]) == (len(scored), len(yes))
    wins = sum(1.0 if y > n else 0.5 if y == n else 0.0 for y in yes for n in no)
    assert got["auc"] == (pytest.approx(wins / len(yes) / len(no)) if yes and no else None)
    losses = [-math.log(score if label else 1 - score) for label, score in scored]
    assert got["log_loss"] == pytest.approx(math.fsum(losses) / len(losses))
    assert got["brier"] == pytest.approx(math.fsum((score - label) ** 2 for label, score in scored) / len(scored))
    assert got["accuracy"] == pytest.approx(sum((score >= 0.5) == label for label, score in scored) / len(scored))


def test_regression_metrics_equal_their_definitions_and_bias_is_positive_when_too_high() -> None:
    assert regression(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 7.0])) == {
        "rows": 3,
        "mae": pytest.approx(5 / 3),
        "rmse": pytest.approx(math.sqrt(17 / 3)),
        "bias": pytest.approx(5 / 3),
    }


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_no_rows_have_no_metrics(task: str) -> None:
    got = measure(task, np.empty(0), np.empty(0), threshold=0.5)
    assert got["rows"] == 0
    assert {value for name, value in got.items() if name not in ("rows", "positives", "threshold")} == {None}
