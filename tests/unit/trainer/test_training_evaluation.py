"""The evaluation of a candidate: scikit-learn's values, textbook intervals, pairs and slices."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sklearn
from trainer_judged import judged

from trainer.core.evaluation import MOST_VALUES, Judged, comparison, metrics, slices

Z = 1.959963984540054


def interval(values: Any) -> tuple[float, float, float]:
    """The normal 95 % interval of a mean."""
    half = Z * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(np.mean(values)), float(np.mean(values)) - half, float(np.mean(values)) + half


def losses(labels: Any, scores: Any) -> Any:
    return -np.log(np.where(labels == 1, scores, 1 - scores))


def test_values_are_those_of_scikit_learn_at_the_models_threshold() -> None:
    given = judged(threshold=0.3)
    labels, scores, said = given.labels, given.scores, given.scores >= 0.3
    found = metrics(given)
    assert (found["rows"], found["positives"], found["threshold"]) == (len(labels), int(labels.sum()), 0.3)
    assert found["auc"] == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-12)
    assert found["log_loss"] == pytest.approx(sklearn.log_loss(labels, scores), abs=1e-12)
    assert found["brier"] == pytest.approx(sklearn.brier_score_loss(labels, scores), abs=1e-12)
    assert found["precision"] == pytest.approx(sklearn.precision_score(labels, said), abs=1e-12)
    assert found["recall"] == pytest.approx(sklearn.recall_score(labels, said), abs=1e-12)


def test_weights_count_as_scikit_learns_do() -> None:
    weights = np.random.default_rng(8).choice([1.0, 4.0], 800)
    given = judged(weights=weights)
    found = metrics(given)
    asked = {"sample_weight": weights}
    assert found["auc"] == pytest.approx(sklearn.roc_auc_score(given.labels, given.scores, **asked), abs=1e-12)
    assert found["log_loss"] == pytest.approx(sklearn.log_loss(given.labels, given.scores, **asked), abs=1e-12)
    assert found["brier"] == pytest.approx(sklearn.brier_score_loss(given.labels, given.scores, **asked), abs=1e-12)


def test_the_interval_of_a_mean_is_the_textbooks() -> None:
    given = judged()
    found = metrics(given)
    value, low, high = interval(losses(given.labels, given.scores))
    assert [found["log_loss"], *found["intervals"]["log_loss"]] == pytest.approx([value, low, high], rel=1e-12)
    value, low, high = interval((given.scores - given.labels) ** 2)
    assert [found["brier"], *found["intervals"]["brier"]] == pytest.approx([value, low, high], rel=1e-12)


def test_the_interval_of_the_auc_is_delongs_from_all_pairs() -> None:
    given = judged(rows=300)
    yes, no = given.scores[given.labels == 1], given.scores[given.labels == 0]
    wins = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    spread = wins.mean(1).var(ddof=1) / len(yes) + wins.mean(0).var(ddof=1) / len(no)
    half = Z * math.sqrt(spread)
    assert metrics(given)["intervals"]["auc"] == pytest.approx([wins.mean() - half, wins.mean() + half], rel=1e-9)


def test_the_difference_to_the_champion_is_paired_row_by_row() -> None:
    given = judged(champion=True)
    assert given.champion is not None
    told = comparison(given)
    assert told is not None
    value, low, high = interval(losses(given.labels, given.scores) - losses(given.labels, given.champion))
    assert told["difference"]["log_loss"] == pytest.approx([value, low, high], rel=1e-9)
    assert told["champion"]["auc"] == pytest.approx(sklearn.roc_auc_score(given.labels, given.champion), abs=1e-12)
    alone = metrics(given)["intervals"]["log_loss"]
    assert high - low < alone[1] - alone[0], "what both find hard must not widen it"


def test_the_paired_interval_of_the_auc_is_delongs_from_all_pairs() -> None:
    given = judged(rows=300, champion=True)
    assert given.champion is not None
    gains = []
    for scores in (given.scores, given.champion):
        yes, no = scores[given.labels == 1], scores[given.labels == 0]
        gains.append((yes[:, None] > no) + 0.5 * (yes[:, None] == no))
    gain = gains[0] - gains[1]
    spread = gain.mean(1).var(ddof=1) / gain.shape[0] + gain.mean(0).var(ddof=1) / gain.shape[1]
    wanted = [gain.mean(), gain.mean() - Z * math.sqrt(spread), gain.mean() + Z * math.sqrt(spread)]
    told = comparison(given)
    assert told and told["difference"]["auc"] == pytest.approx(wanted, rel=1e-9)


def test_without_a_champion_or_without_rows_nothing_is_compared() -> None:
    assert comparison(judged()) is None
    nothing = judged(champion=True).of(np.empty(0, np.int64))
    assert comparison(nothing) is None
    assert metrics(nothing)["auc"] is None and metrics(nothing)["intervals"] == {}


def test_a_regression_has_its_own_measures_and_no_positives() -> None:
    given = judged(task="regression", champion=True)
    error, before = given.scores - given.labels, given.champion - given.labels
    found, told = metrics(given), comparison(given)
    assert "positives" not in found and "auc" not in found
    assert found["mae"] == pytest.approx(sklearn.mean_absolute_error(given.labels, given.scores), rel=1e-12)
    assert found["rmse"] == pytest.approx(sklearn.root_mean_squared_error(given.labels, given.scores), rel=1e-12)
    assert [found["bias"], *found["intervals"]["bias"]] == pytest.approx(interval(error), rel=1e-9)
    assert told and told["difference"]["mae"] == pytest.approx(interval(np.abs(error) - np.abs(before)), rel=1e-9)


def test_each_slice_is_what_its_rows_alone_would_be() -> None:
    given = judged(champion=True)
    column = pa.array(["a", "b", None, "a"] * 200)
    told = slices(given, {"part": column})
    assert [(one["value"], one["metrics"]["rows"]) for one in told] == [("a", 400), (None, 200), ("b", 200)]
    alone = given.of(np.flatnonzero(np.arange(800) % 4 == 1))
    assert told[2]["metrics"] == metrics(alone) and told[2]["against"] == comparison(alone)


def test_rare_values_of_a_slice_are_judged_together() -> None:
    given = judged()
    column = pa.array([f"v{i % (MOST_VALUES + 10):02}" for i in range(800)])
    told = slices(given, {"part": column})
    assert len(told) == MOST_VALUES + 1 and told[-1]["value"] == "(others)"
    assert sum(one["metrics"]["rows"] for one in told) == 800 == len(given.labels)


def test_a_model_without_a_threshold_decides_at_one_half() -> None:
    assert judged(threshold=None).cut == 0.5
    assert isinstance(judged(), Judged)
