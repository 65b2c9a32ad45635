"""The report: the same numbers as JSON and as one HTML file that needs nothing else."""

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from small_model import FIELDS
from trainer_judged import judged

from headrace.modelfolder import ModelFolder
from trainer.core import evaluation
from trainer.core.reference import reference
from trainer.report import report

Write = Callable[..., ModelFolder]
QUERY = {"since": None, "until": "2026-01-01T00:00:00Z", "evaluate_until": "2026-02-01T00:00:00Z"}


def written(folder: ModelFolder, *, rows: int = 800, champion: bool = True) -> tuple[dict[str, Any], str]:
    """report.json read, and report.html, of made-up rows."""
    given = judged(rows=rows, task=folder.task, champion=champion)
    inputs = pa.table(
        {
            "size": np.linspace(-1, 1, 50),
            "age": pa.array([None, 3] * 25, pa.int32()),
            "colour": ["red"] * 50,
            "side": ["left"] * 50,
        }
    )
    described = reference(folder.features, inputs, given.scores, task=folder.task)
    compared = evaluation.comparison(given)
    told = {
        "training": {
            "rows": 5_000,
            "evaluation_rows": rows,
            "query": QUERY,
            "data_fingerprint": "f" * 64,
            "seed": 7,
            "warnings": ["x < y"],
        },
        "metrics": evaluation.metrics(given),
        "against": {"version": "v1", "digest": "d", **compared} if compared else None,
        "drift": {"size": 0.31} if champion else {},
        "slices": evaluation.slices(given, {"side": pa.array(["<left>", "right"] * (rows // 2))}),
    }
    files = report(folder, told, given, described)
    assert set(files) == {"report.json", "report.html"}
    return json.loads(files["report.json"]), files["report.html"].decode()


def titles(page: str) -> list[str]:
    return re.findall(r"<figcaption>(.*?)</figcaption>", page)


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The report of a classification with a champion, whose texts hold HTML."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "model.toml").write_text('name = "small"\ntitle = "Fraud & more"\nlabel = "it was <fraud>"\n')
    (folder / "features.avsc").write_text(json.dumps({"type": "record", "name": "Features", "fields": FIELDS}))
    return written(ModelFolder.read(folder))


def test_a_classification_shows_its_measures_beside_the_champions_and_five_pictures(
    classified: tuple[dict[str, Any], str],
) -> None:
    told, page = classified
    assert titles(page) == ["ROC", "Calibration", "Scores", "Slices", "Features in training"]
    assert f"{told['metrics']['auc']:.4f}" in page and f"{told['against']['difference']['auc'][0]:+.4f}" in page
    assert "champion v1" in page and "0.310" in page and "f" * 64 in page
    assert "Trained on 5,000 labelled rows until 2026-01-01T00:00:00Z" in page


def test_what_a_person_wrote_is_text_and_not_html(classified: tuple[dict[str, Any], str]) -> None:
    page = classified[1]
    assert "Fraud &amp; more" in page and "it was &lt;fraud&gt;" in page and "x &lt; y" in page
    assert "<fraud>" not in page and "side = &lt;left&gt;" in page


def test_the_page_needs_nothing_else(classified: tuple[dict[str, Any], str]) -> None:
    page = classified[1]
    assert "<script" not in page and not re.search(r"(?:src|href)=\"(?!#)", page)
    found = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(found) == 5 and all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in found)


def test_a_regression_without_a_champion_shows_predicted_beside_true_values(write_folder: Write) -> None:
    """And the same data makes the same bytes."""
    folder = write_folder(toml='task = "regression"\n')
    told, page = written(folder, champion=False)
    assert titles(page)[:2] == ["Predicted and true values", "Scores"]
    assert f"{told['metrics']['mae']:.4f}" in page and "auc" not in told["metrics"]
    assert told["against"] is None and "champion v" not in page and "<h2>Drift</h2>" not in page
    assert written(folder, champion=False)[1] == page


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_without_rows_that_followed_only_the_inputs_are_drawn(write_folder: Write, task: str) -> None:
    told, page = written(write_folder(toml=f'task = "{task}"\n'), rows=0)
    assert titles(page) == ["Features in training"]
    assert "nothing is measured" in page and told["metrics"]["rows"] == 0
