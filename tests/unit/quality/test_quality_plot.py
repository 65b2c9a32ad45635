"""Quality as a picture."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headrace.quality.errors import QualityError
from headrace.quality.judging import Cohort, Expected, Rows, judge
from headrace.quality.plot import draw

START = datetime(2026, 1, 1, tzinfo=UTC)


def cohorts(days: int = 6, task: str = "classification") -> list[Cohort]:
    random = np.random.default_rng(2)
    keys = [(f"v{1 + day // 3}", "champion", START + timedelta(days=day)) for day in range(days)]
    labelled = {}
    for key in keys:
        scores = random.random(80)
        labels = (random.random(80) < scores).astype(float)
        labelled[key] = Rows(labels=labels, scores=scores, decisions=(scores > 0.5) * 1.0, weights=np.ones(80))
    return judge(
        task=task,
        predicted=dict.fromkeys(keys, 80),
        labelled=labelled,
        window=timedelta(days=1),
        clock=START + timedelta(days=days),
        expected=Expected(within=timedelta(hours=12), share=0.9),
    )


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize(("task", "panels"), [("classification", 7), ("regression", 3)])
def test_it_is_a_png_with_a_row_of_panels_for_two_measures(tmp_path: Path, task: str, panels: int) -> None:
    draw("fraud", cohorts(task=task), tmp_path / "q.png")
    picture = pixels(tmp_path / "q.png")
    assert picture.shape[:2] == (round(2.6 * -(-panels // 2) * 110), 12 * 110)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50, "it is empty"


def test_a_window_that_may_not_be_judged_looks_otherwise(tmp_path: Path) -> None:
    """Seen to fail with one mark for all states."""
    drawn = cohorts()
    draw("fraud", drawn, tmp_path / "as-it-is.png")
    mature = [replace(one, state=drawn[0].state) for one in drawn]
    draw("fraud", mature, tmp_path / "all-mature.png")
    assert (pixels(tmp_path / "as-it-is.png") != pixels(tmp_path / "all-mature.png")).any()


def test_windows_without_a_measure_leave_a_gap_and_no_error(tmp_path: Path) -> None:
    drawn = cohorts()
    draw("fraud", [replace(one, measures=dict.fromkeys(one.measures)) for one in drawn], tmp_path / "q.png")
    assert pixels(tmp_path / "q.png").size


@pytest.mark.parametrize("name", ["nowhere/q.png", "q.nosuch"])
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(QualityError, match="cannot be written"):
        draw("fraud", cohorts(), tmp_path / name)
