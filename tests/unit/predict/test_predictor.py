"""Scores: each row by itself."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from headrace.predict import Encoder, ModelOutputError, PredictError, Predictor

WIDTH = 37
NAMES = [f"x{i}" for i in range(WIDTH)]
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(3000, WIDTH))
TRUTH = ROWS[:, 0] + RANDOM.normal(size=3000) > 0


def columns(rows: Any) -> dict[str, pa.Array]:
    return {name: pa.array(np.ascontiguousarray(rows[:, i])) for i, name in enumerate(NAMES)}


@pytest.fixture(scope="module", params=["linear", "network"])
def predictor(request: pytest.FixtureRequest) -> Predictor:
    last = LogisticRegression() if request.param == "linear" else MLPClassifier((32,), random_state=0, tol=0.05)
    model = make_pipeline(StandardScaler(), last).fit(ROWS[:500], TRUTH[:500])
    return Predictor(model, Encoder(NAMES, {}), task="classification", positive=True)


@settings(deadline=None, max_examples=60)
@given(start=st.integers(0, 2000), rows=st.integers(1, 700))
def test_a_row_gets_the_same_bits_whatever_its_neighbours(predictor: Predictor, start: int, rows: int) -> None:
    """Fails when BLOCK is 1: BLAS sums the rows left over by its kernels in another order."""
    everything = predictor.scores(columns(ROWS), len(ROWS))
    assert np.array_equal(predictor.scores(columns(ROWS[start : start + rows]), rows), everything[start : start + rows])


def test_the_number_of_blas_threads_does_not_matter_to_a_score() -> None:
    """Fails when a Predictor does not hold BLAS to one thread: three cut 5,056 rows into parts of odd lengths."""
    wide = make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=1000, tol=1.0)).fit(ROWS[:300], TRUTH[:300])
    many = np.concatenate([ROWS, ROWS])[:5056]
    with threadpool_limits(3, user_api="blas"):
        predictor = Predictor(wide, Encoder(NAMES, {}), task="classification", positive=True)
        assert {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"} == {1}
        whole = predictor.scores(columns(many), 5056)
        assert np.array_equal(whole[:64], predictor.scores(columns(many[:64]), 64))


class Brittle:
    """A model that raises on negative inputs and gives NaN for zero."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, matrix: Any) -> Any:
        self.calls += 1
        if (matrix[:, 0] < 0).any():
            raise ValueError("negative input")
        return np.where(matrix[:, 0] == 0, math.nan, np.where(matrix[:, 0] > 1e300, math.inf, matrix[:, 0] * 2))


def brittle(model: Any) -> Predictor:
    return Predictor(model, Encoder(["x"], {}), task="regression")


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.5, 1e301]), max_size=200))
def test_only_the_rows_that_fail_are_failures(values: list[float]) -> None:
    scores, failures = brittle(Brittle()).score_rows({"x": pa.array(values, pa.float64())}, len(values))
    expected = {
        -1.0: "model-error: ValueError: negative input",
        0.0: "model-output: score is NaN",
        1e301: "model-output: score is infinite",
    }
    assert failures == {i: expected[v] for i, v in enumerate(values) if v in expected}
    assert [s for i, s in enumerate(scores) if i not in failures] == [v * 2 for v in values if v not in expected]
    assert all(math.isnan(scores[i]) for i in failures)


def test_one_bad_row_among_thousands_costs_a_few_calls() -> None:
    model = Brittle()
    values = np.ones(5000)
    values[1234] = -1
    scores, failures = brittle(model).score_rows({"x": pa.array(values)}, 5000)
    assert list(failures) == [1234] and scores[0] == 2
    assert model.calls < 30


def test_output_of_another_shape_is_refused() -> None:
    class Wide:
        def predict(self, matrix: Any) -> Any:
            return matrix

    with pytest.raises(ModelOutputError, match="for 64 rows"):
        brittle(Wide()).scores({"x": pa.array([1.0])}, 1)


def test_a_positive_class_that_the_model_does_not_know_is_refused() -> None:
    model = LogisticRegression().fit(ROWS[:100, :1], TRUTH[:100])
    with pytest.raises(PredictError, match="'late' is not among"):
        Predictor(model, Encoder(["x"], {}), task="classification", positive="late")


def test_an_empty_batch_and_a_wrong_count() -> None:
    scores, failures = brittle(Brittle()).score_rows({"x": pa.array([], pa.float64())}, 0)
    assert len(scores) == 0 and failures == {}
    with pytest.raises(PredictError, match="3 rows were announced"):
        brittle(Brittle()).scores({"x": pa.array([1.0])}, 3)
