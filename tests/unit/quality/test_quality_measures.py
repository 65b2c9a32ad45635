"""Measures equal those of scikit-learn and of a plain bootstrap."""

import math

import numpy as np
import pytest
from sklearn import metrics

from headrace.quality.measures import Measure, auc, classification, compared, mean, proportion, regression

ONES = np.ones


def sample(n: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = np.round(random.beta(2, 5, n), 3)  # ties
    return (random.random(n) < scores).astype(float), scores


def test_values_are_those_of_scikit_learn() -> None:
    labels, scores = sample()
    decisions = (scores >= 0.4).astype(float)
    found = classification(labels, scores, decisions, ONES(len(labels)))
    assert found["auc"] and found["auc"].value == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)
    assert found["log_loss"] and found["log_loss"].value == pytest.approx(metrics.log_loss(labels, scores), abs=1e-12)
    assert found["brier"] and found["brier"].value == pytest.approx(metrics.brier_score_loss(labels, scores), abs=1e-12)
    assert found["precision"] and found["precision"].value == pytest.approx(metrics.precision_score(labels, decisions))
    assert found["recall"] and found["recall"].value == pytest.approx(metrics.recall_score(labels, decisions))
    no = labels == 0
    assert found["false_positive_rate"] and found["false_positive_rate"].value == pytest.approx(decisions[no].mean())
    assert found["calibration"] and found["calibration"].value == pytest.approx(scores.mean() - labels.mean())


def test_a_weight_of_two_is_a_row_twice() -> None:
    labels, scores = sample(300)
    weights = np.where(np.arange(300) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(300), weights.astype(int))
    weighted = classification(labels, scores, scores >= 0.3, weights)
    repeated = classification(labels[twice], scores[twice], scores[twice] >= 0.3, ONES(len(twice)))
    for name, measure in weighted.items():
        other = repeated[name]
        assert measure and other and measure.value == pytest.approx(other.value, abs=1e-12), name


@pytest.mark.parametrize("name", ["auc", "log_loss", "brier", "calibration", "precision", "recall"])
def test_intervals_are_as_wide_as_a_bootstrap_says(name: str) -> None:
    labels, scores = sample(1500, seed=3)
    decisions, n = (scores >= 0.3).astype(float), 1500
    told = classification(labels, scores, decisions, ONES(n))[name]
    random, found = np.random.default_rng(5), []
    for _ in range(400):
        rows = random.integers(0, n, n)
        again = classification(labels[rows], scores[rows], decisions[rows], ONES(n))[name]
        found.append(again.value if again else math.nan)
    low, high = np.quantile(found, [0.025, 0.975])
    assert told and told.low is not None and told.high is not None
    assert told.high - told.low == pytest.approx(high - low, rel=0.2)


def test_rows_that_cannot_tell_give_none() -> None:
    nothing = np.empty(0)
    assert set(classification(nothing, nothing, nothing, nothing).values()) == {None}
    assert set(regression(nothing, nothing, nothing).values()) == {None}
    one_class = classification(np.zeros(5), np.full(5, 0.2), np.zeros(5), ONES(5))
    assert one_class["auc"] is None and one_class["precision"] is None and one_class["recall"] is None
    assert one_class["false_positive_rate"] and one_class["false_positive_rate"].value == 0


def test_one_row_has_a_value_and_no_interval() -> None:
    assert mean(np.array([3.0]), ONES(1)) == Measure(value=3.0, low=None, high=None)
    assert auc(np.array([0.0, 1.0]), np.array([0.1, 0.9]), ONES(2)) == Measure(value=1.0, low=None, high=None)


def test_a_share_of_none_has_an_interval_above_zero() -> None:
    """Wilson's for 0 of 10: 0 to 0.2775."""
    found = proportion(np.zeros(10, bool), ONES(10))
    assert found and found.value == 0 and found.low == 0 and found.high == pytest.approx(0.2775, abs=1e-4)


def test_regression_by_hand() -> None:
    found = regression(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 5.0]), ONES(3))
    assert found["mae"] and found["mae"].value == 1
    assert found["bias"] and found["bias"].value == 1
    assert found["rmse"] and found["rmse"].value == pytest.approx(math.sqrt(5 / 3))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_differences_are_those_of_the_values_and_as_uncertain_as_a_bootstrap_says(task: str) -> None:
    random, n = np.random.default_rng(2), 1500
    labels, before = sample(n, seed=4)
    after = np.clip(before + random.normal(0, 0.05, n), 0.001, 0.999)
    labels = labels if task == "classification" else before + random.normal(0, 0.1, n)

    def values(scores: np.ndarray, rows: np.ndarray) -> dict[str, float]:
        if task == "regression":
            found = regression(labels[rows], scores[rows], ONES(len(rows)))
        else:
            found = classification(labels[rows], scores[rows], scores[rows] >= 0.3, ONES(len(rows)))
        return {name: measure.value for name, measure in found.items() if measure}

    told = compared(task, labels, before, after, ONES(n), 0.3)
    old, new = (values(scores, np.arange(n)) for scores in (before, after))
    resamples = [random.integers(0, n, n) for _ in range(300)]
    for name, measure in told.items():
        assert measure and measure.low is not None and measure.high is not None
        assert measure.value == pytest.approx(new[name] - old[name], abs=1e-12)
        found = [values(after, rows)[name] - values(before, rows)[name] for rows in resamples]
        low, high = np.quantile(found, [0.025, 0.975])
        assert measure.high - measure.low == pytest.approx(high - low, rel=0.25), name
