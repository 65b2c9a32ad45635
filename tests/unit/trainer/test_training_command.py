"""`headrace train` from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_model import TRAIN

from headrace import bundle
from headrace.errors import HeadraceError
from headrace.modelfolder import ModelFolder
from headrace.registry import Registry
from trainer.command import train

Write = Callable[..., ModelFolder]
UNTIL = ["--until", "2024-01-11", "--evaluate-until", "2024-01-15"]
KEYS = {
    "model",
    "version",
    "rows",
    "positives",
    "evaluation_rows",
    "evaluation_positives",
    "auc",
    "log_loss",
    "brier",
    "seconds",
    "bundle_digest",
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry that the command's settings name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADRACE_REGISTRY", str(tmp_path / "store"))
    return Registry.open(str(tmp_path / "store"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(train, [str(argument) for argument in arguments])


def test_json_is_one_object_and_the_bundle_is_where_it_says(
    write_folder: Write, store: Registry, tmp_path: Path
) -> None:
    done = run(write_folder().path, *UNTIL, "--json")
    facts = json.loads(done.stdout)
    assert done.exit_code == 0
    assert facts.keys() >= KEYS
    assert (facts["model"], facts["version"], facts["rows"], facts["evaluation_rows"]) == ("small", "v1", 238, 96)
    folder = store.fetch_bundle("small", "v1", facts["bundle_digest"], tmp_path / "cache")
    loaded = bundle.load(folder, facts["bundle_digest"])
    assert loaded.manifest.metrics["auc"] == facts["auc"]
    assert done.stderr == ""


def test_each_run_registers_the_next_version(write_folder: Write, store: Registry) -> None:
    folder = write_folder().path
    assert [json.loads(run(folder, *UNTIL, "--json").stdout)["version"] for _ in range(2)] == ["v1", "v2"]
    assert store.versions("small") == ("v1", "v2")


def test_a_person_reads_one_fact_a_line(write_folder: Write, store: Registry) -> None:
    done = run(write_folder().path, *UNTIL)
    facts = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert facts["version"].strip() == "v1"
    assert "fitting on 238 rows" in done.stderr


def test_a_model_that_no_worker_would_load_takes_no_version(write_folder: Write, store: Registry) -> None:
    foreign = TRAIN + "\nclass Mine(LogisticRegression):\n    pass\n\nLogisticRegression = Mine\n"
    refused = run(write_folder(name="small", train=foreign).path, *UNTIL)
    assert isinstance(refused.exception, HeadraceError)
    assert store.next_version("small") == "v1"


def test_a_wrong_instant_is_a_sentence(write_folder: Write, store: Registry) -> None:
    refused = run(write_folder().path, "--until", "yesterday")
    assert isinstance(refused.exception, HeadraceError)
    assert "'yesterday' is not a date" in str(refused.exception)
