"""The document says what the runs found, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.bench.errors import BenchFailed
from deploy.bench.measured import CPU, Measured
from deploy.bench.report.aims import AIMS, judged
from deploy.bench.report.files import read_runs
from deploy.bench.report.render import render
from deploy.bench.report.runs import CHAPTERS
from deploy.bench.report.tables import table

MACHINE = {
    "cores": 2,
    "processor": "Some Processor",
    "memory_gb": 16.0,
    "system": "Linux 6",
    "python": "3.11.7",
    "load_average": 0.25,
    "date": "2026-01-15T12:00+00:00",
    "versions": {"kafka": "4.3.0", "numpy": "2.4.6"},
}


def throughput(headrace: float, limit: float) -> dict[str, Any]:
    measured = Measured("throughput", "records a second", "records_per_s")
    for factor in (0.9, 1.0, 1.2):
        measured.add("limit", records_per_s=limit * factor, **{CPU: 2.0})
        measured.add("headrace", records_per_s=headrace * factor, **{CPU: 5.0})
        measured.add("careful", records_per_s=10_000 * factor, **{CPU: 30.0})
    measured.compare("headrace", "limit")
    measured.compare("headrace", "careful")
    return measured.facts() | MACHINE | {"legend": "limit  as many bytes"}


def sink(p99_s: float) -> dict[str, Any]:
    measured = Measured("sink", "rows a second", "rows_per_s")
    measured.add("direct", rows_per_s=200_000)
    measured.add("sink", rows_per_s=180_000)
    measured.compare("sink", "direct")
    fresh = Measured("sink freshness", "seconds from an answer to its row", "p99_s")
    fresh.add("sink", p99_s=p99_s, p50_s=0.5)
    return measured.facts() | MACHINE | {"legend": "", "freshness": fresh.facts()}


def test_the_document_names_the_machine_the_day_and_how_busy_it_was() -> None:
    text = render({"throughput": throughput(80_000, 100_000)})
    for told in ("2 cores (Some Processor)", "Python 3.11.7", "kafka 4.3.0", "2026-01-15T12:00+00:00 | 0.25"):
        assert told in text


def test_a_run_on_a_busy_machine_is_said_to_be_one() -> None:
    quiet = throughput(80_000, 100_000)
    assert "busy" not in render({"throughput": quiet})
    assert "| 3.50 | the machine was busy" in render({"throughput": quiet | {"load_average": 3.5}})


def test_a_run_with_another_version_says_so() -> None:
    first = throughput(80_000, 100_000)
    other = first | {"versions": first["versions"] | {"kafka": "4.0.2"}, "load_average": 3.5}
    text = render({"throughput": first, "throughput-json": other})
    assert "| throughput | 2026-01-15T12:00+00:00 | 0.25 |  |" in text
    assert "| 3.50 | the machine was busy with other things; kafka 4.0.2 |" in text


def test_json_is_compared_with_avro_by_cpu_time() -> None:
    found = judged({"throughput": throughput(80_000, 100_000), "throughput-json": throughput(8_000, 100_000)})
    assert [one.found for one in found if one.aim.run == "throughput-json"] == [1.0]


def test_every_contender_has_a_line_with_its_median_and_spread() -> None:
    text = render({"throughput": throughput(80_000, 100_000)})
    assert "| headrace | 80,000 | 72,000 | 96,000 | 5 |  |" in text
    assert "| limit | 100,000 | 90,000 | 120,000 | 2 | headrace is 0.8 x |" in text
    assert "limit  as many bytes" in text


def test_an_aim_that_is_missed_is_said_to_be_missed() -> None:
    text = render({"throughput": throughput(60_000, 100_000), "sink": sink(2.0)})
    assert "| throughput | of the limit | 0.6 | ≥ 0.75 | **missed** |" in text
    assert "| throughput | times the careful loop | 6 | ≥ 3.5 | reached |" in text
    assert "| sink | seconds from an answer to its row, p99 | 2 | ≤ 3 | reached |" in text
    assert "3 of 4 that were measured are reached." in text


def batch() -> dict[str, Any]:
    measured = Measured("batch", "rows a second", "rows_per_s")
    for kind in ("linear", "boosting"):
        for name, rate in (("alone", 100_000), ("1", 95_000), ("2", 150_000)):
            measured.add(f"{kind}, {name}", rows_per_s=rate)
        measured.compare(f"{kind}, 1", f"{kind}, alone")
        measured.compare(f"{kind}, 2", f"{kind}, 1")
    growing = Measured("batch sizes", "rows a second as the input grows", "rows_per_s")
    growing.add("1,000,000 rows", rows_per_s=500_000, overhead=0.1, peak_mb=410)
    growing.add("10,000,000 rows", rows_per_s=600_000, overhead=0.015, peak_mb=390)
    return measured.facts() | MACHINE | {"legend": "", "growing": growing.facts()}


def test_batch_is_judged_by_its_largest_input_and_the_highest_peak_of_all() -> None:
    found = [(one.aim.what, one.found, one.met) for one in judged({"batch": batch()})]
    assert found == [
        ("of the model alone, linear, one worker", 0.95, True),
        ("times one worker, linear, two workers", 1.579, False),
        ("of the model alone, boosting, one worker", 0.95, True),
        ("times one worker, boosting, two workers", 1.579, False),
        ("share not spent on parts, 10,000,000 rows", 0.015, True),
        ("MB of a worker, whatever the input's size", 410, False),
    ]
    assert "Rows a second as the input grows:" in render({"batch": batch()})


def test_what_was_not_run_is_said_not_to_have_been() -> None:
    text = render({"sink": sink(4.0)})
    assert text.count("Not measured in this run.") == len(CHAPTERS) - 1
    assert [(one.aim.what, one.met) for one in judged({"sink": sink(4.0)})] == [
        ("of inserting directly", True),
        ("seconds from an answer to its row, p99", False),
    ]


def test_two_contenders_are_compared_in_their_own_line() -> None:
    assert table(sink(1.0))[3] == "| sink | 180,000 | 180,000 | 180,000 | 0.9 x direct |"


def test_every_line_of_a_table_has_as_many_cells() -> None:
    for facts in (throughput(1.0, 2.0), sink(1.0)):
        assert len({line.count("|") for line in table(facts)}) == 1


def test_every_aim_belongs_to_a_chapter() -> None:
    assert {aim.run for aim in AIMS} <= {chapter.name for chapter in CHAPTERS}
    assert len({chapter.file for chapter in CHAPTERS}) == len(CHAPTERS)


def test_runs_are_read_in_the_order_of_the_chapters(tmp_path: Path) -> None:
    for name, facts in (("sink", sink(1.0)), ("throughput", throughput(1.0, 2.0))):
        (tmp_path / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    assert list(read_runs(tmp_path)) == ["throughput", "sink"]


def test_a_folder_without_runs_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchFailed, match="headrace bench all"):
        read_runs(tmp_path)
