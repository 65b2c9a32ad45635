"""Trying a bundle in a limited child process."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from headrace import bundle
from headrace.bundle import Golden, Limits, Prober, Verified, errors, keeps_pace, probe
from headrace.predict import Predictor
from headrace.priority import NICE
from tests.unit.bundle import making


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    warm = Prober()
    yield warm
    warm.close()


def test_a_good_bundle_is_measured(tmp_path: Path, prober: Prober) -> None:
    digest = making.make(tmp_path / "b")
    verified = prober.verify(tmp_path / "b", digest)
    assert verified.digest == digest and verified.golden_rows == 40
    assert 0 < verified.us_per_row < 1000 and verified.peak_mb > 10


@pytest.mark.parametrize(("score", "words"), [(0.25, "other scores than in training"), (np.nan, "other scores")])
def test_a_golden_vector_that_differs_is_refused(tmp_path: Path, score: float, words: str, prober: Prober) -> None:
    digest = making.make(tmp_path / "b")
    golden = bundle.load(tmp_path / "b", digest).golden
    scores = golden.scores.copy()
    scores[7] = score
    wrong = Golden(columns=golden.columns, scores=scores)
    digest = making.with_file(tmp_path / "b", "golden.arrow", wrong.encode())
    with pytest.raises(errors.GoldenMismatch, match=words):
        prober.verify(tmp_path / "b", digest)


def test_a_model_that_gives_nan_is_refused(tmp_path: Path, prober: Prober) -> None:
    making.make(tmp_path / "b")
    model = making.draft().estimator
    model[-1].coef_[:] = np.nan
    with pytest.raises(errors.GoldenMismatch, match="score is NaN"):
        prober.verify(tmp_path / "b", making.with_model(tmp_path / "b", model))


def looping_trees(child: int) -> Any:
    """Gradient boosting whose trees' nodes all lead to one child; 0 is a loop without end."""
    model = making.draft(making.trees()).estimator
    for predictor in (tree for iteration in model._predictors for tree in iteration):
        predictor.nodes["is_leaf"] = 0
        predictor.nodes["left"] = predictor.nodes["right"] = child
    return model


def test_a_bundle_that_never_ends_is_ended(tmp_path: Path, prober: Prober) -> None:
    making.make(tmp_path / "b", making.trees())
    digest = making.with_model(tmp_path / "b", looping_trees(0))
    with pytest.raises(errors.ProbeDied, match=r"signal|hangs"):
        prober.verify(tmp_path / "b", digest, Limits(seconds=2))


def test_a_bundle_that_crashes_its_process_harms_nobody(tmp_path: Path, prober: Prober) -> None:
    making.make(tmp_path / "b", making.trees())
    digest = making.with_model(tmp_path / "b", looping_trees(2**31))
    with pytest.raises(errors.ProbeDied, match="signal 11"):
        prober.verify(tmp_path / "b", digest, Limits(seconds=20))


def test_a_bundle_that_eats_memory_is_refused(tmp_path: Path, prober: Prober) -> None:
    """Each row becomes 142,506 numbers: 64 rows are fine, a crowd of 4,133 needs 4.7 GB."""
    greedy = make_pipeline(PolynomialFeatures(25), Ridge())
    greedy.fit(np.ones((3, 5)), [0, 1, 0])
    inputs = {
        "distance": pa.array([1.0] * 30),
        "delay": pa.array([1] * 30),
        "night": pa.array([True] * 30),
        "carrier": pa.array(["C1"] * 30),
        "origin": pa.array(["JFK"] * 30),
    }
    digest = making.make(tmp_path / "b")
    encoder = bundle.load(tmp_path / "b", digest).predictor.encoder
    scores = Predictor(greedy, encoder, task="regression").scores(inputs, 30)
    making.with_manifest(tmp_path / "b", task="regression", positive=None)
    making.with_file(tmp_path / "b", "golden.arrow", Golden(columns=inputs, scores=scores).encode())
    digest = making.with_model(tmp_path / "b", greedy)
    with pytest.raises(errors.ProbeDied, match="more than 2000 MB of memory"):
        prober.verify(tmp_path / "b", digest, Limits(memory_bytes=2000 * 1024**2))


def test_a_bundle_that_is_slow_is_refused(tmp_path: Path, prober: Prober) -> None:
    digest = making.make(tmp_path / "b")
    with pytest.raises(errors.TooSlow, match="us a row"):
        prober.verify(tmp_path / "b", digest, Limits(us_per_row=0.0001))


def test_a_trial_comes_after_all_else_on_the_machine(tmp_path: Path, prober: Prober) -> None:
    digest = making.make(tmp_path / "b")
    prober.verify(tmp_path / "b", digest)
    assert prober._process is not None
    assert os.getpriority(os.PRIO_PROCESS, prober._process.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)


def test_a_machine_that_is_busy_makes_no_model_slow() -> None:
    kept_waiting: Any = SimpleNamespace(predictor=SimpleNamespace(scores=lambda _columns, _rows: time.sleep(0.2)))
    assert probe._timed(kept_waiting, {}, 1) < 100_000


def test_nothing_is_started_for_a_bundle_whose_digest_does_not_hold(tmp_path: Path, prober: Prober) -> None:
    making.make(tmp_path / "b")
    with pytest.raises(errors.DigestMismatch):
        prober.verify(tmp_path / "b", "0" * 64, Limits(seconds=-100))


def test_a_model_whose_scores_depend_on_the_neighbours_is_not_written() -> None:
    from headrace.bundle import golden
    from headrace.predict import Encoder

    class Ranking:
        def predict(self, matrix: Any) -> Any:
            return matrix[:, 0] - matrix[:, 0].mean()

    predictor = Predictor(Ranking(), Encoder(["x"], {}), task="regression")
    inputs = {"x": pa.array([1.0, 2.0, 3.0])}
    with pytest.raises(errors.Nondeterministic, match="alone"):
        golden.check_independence(predictor, Golden(columns=inputs, scores=predictor.scores(inputs, 3)))


def test_after_a_death_the_next_bundle_is_tried_as_if_nothing_had_been(tmp_path: Path, prober: Prober) -> None:
    digest = making.make(tmp_path / "b")
    prober.verify(tmp_path / "b", digest)
    prober.close()
    assert prober.verify(tmp_path / "b", digest).digest == digest


def test_a_child_that_ends_while_it_is_asked_is_told_as_such(
    tmp_path: Path, prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = making.make(tmp_path / "b")
    prober.verify(tmp_path / "b", digest)
    process = prober._process
    assert process is not None and process.stdout is not None
    process.kill()
    assert process.stdout.read() == b""
    monkeypatch.setattr(prober, "_running", lambda: process)
    with pytest.raises(errors.ProbeDied, match="does not answer"):
        prober.verify(tmp_path / "b", digest)


def test_the_child_sees_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_SECRET", "x")
    prober = Prober()
    prober.start()
    prober.verify(tmp_path / "b", making.make(tmp_path / "b"))
    assert prober._process is not None
    assert b"HEADRACE" not in Path(f"/proc/{prober._process.pid}/environ").read_bytes()
    prober.close()


def took(us_per_row: float) -> Verified:
    return Verified(digest="", golden_rows=1, load_ms=1, us_per_row=us_per_row, one_row_us=1, peak_mb=1)


@pytest.mark.parametrize(("new", "present", "held"), [(19, 1, True), (21, 1, False), (49, 5, True), (51, 5, False)])
def test_ten_times_the_time_of_the_present_version_is_too_slow_where_it_can_be_felt(
    new: float, present: float, held: bool
) -> None:
    if held:
        keeps_pace(took(new), took(present))
    else:
        with pytest.raises(errors.TooSlow, match=r"at most 10 times .* --slower"):
            keeps_pace(took(new), took(present))
