"""The rivals answer what Headrace answers: otherwise there is nothing to compare."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from deploy.bench.ground import write_schema
from deploy.bench.rivals.model import Model, Wire
from deploy.bench.rivals.task import Task
from deploy.bench.workload import Workload, doubles
from headrace import bundle, topics
from headrace.registry import Registry
from headrace.wire.answer import read_schema
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.request import RequestReader

ANSWERS = topics.schemas_folder() / "avro"


@pytest.fixture
def work(tmp_path: Path) -> Workload:
    return doubles(Registry.open(str(tmp_path / "registry")), tmp_path / "bundle", 50)


@pytest.fixture
def task(tmp_path: Path, work: Workload) -> Task:
    return Task(
        bootstrap="",
        group="",
        model=work.model,
        version=work.version,
        requests="",
        answers="",
        logs="",
        batch_rows=10,
        bundle=str(tmp_path / "bundle"),
        request_schema=str(write_schema(tmp_path, work)),
        answer_schema=str(ANSWERS / "answer.avsc"),
        answer_bytes=1,
        log_bytes_a_row=1.0,
    )


def test_the_same_seed_makes_the_same_requests_with_a_key_each(tmp_path: Path, work: Workload) -> None:
    again = doubles(Registry.open(str(tmp_path / "other")), tmp_path / "again", 50)
    assert [key for key, _ in again.requests] == [key for key, _ in work.requests]
    assert [value[-160:] for _, value in again.requests] == [value[-160:] for _, value in work.requests]
    assert all(key for key, _ in work.requests)


def test_rivals_score_as_headrace_does(tmp_path: Path, work: Workload, task: Task) -> None:
    values = [value for _, value in work.requests]
    read = RequestReader(work.model, work.features, NoSchemas()).read(values)
    digest = bundle.digest_of((tmp_path / "bundle" / "manifest.json").read_bytes())
    expected = bundle.load(tmp_path / "bundle", digest).predictor.scores(read.features, read.n)
    model, wire = Model.read(task), Wire(task)
    rows = [model.row(wire.request(value)["features"]) for value in values]
    assert model.predict_proba(rows)[:, model.positive] == pytest.approx(expected)


def test_a_rival_s_answer_can_be_read_as_one_of_headrace(work: Workload, task: Task) -> None:
    wire = Wire(task)
    request = wire.request(work.requests[7][1])
    found = decoded(wire.answer(request, 0.75, 3, 12, 1_700_000_000_000_000))
    assert (found["request_id"], found["decision"]) == (request["request_id"], True)
    assert (found["source_partition"], found["source_offset"]) == (3, 12)


def test_categories_become_codes_and_missing_numbers_nan(task: Task) -> None:
    model = replace(Model.read(task), names=("colour", "n"), codes={"colour": {"blue": 0.0, "red": 1.0}})
    assert model.row({"colour": "red", "n": 4}) == [1.0, 4]
    unseen, missing = model.row({"colour": "green", "n": None})
    assert unseen == -1.0
    assert math.isnan(missing)


class NoSchemas:
    """Knows none: the requests are written in the model's own."""

    def by_fingerprint(self, mark: bytes) -> None:
        return None

    def by_id(self, number: int) -> None:
        return None


def decoded(answer: bytes) -> dict[str, Any]:
    """The answer's fields."""
    found = ColumnDecoder(read_schema(ANSWERS)).decode([answer], 10)
    assert not found.bad
    columns: dict[str, pa.Array] = found.columns
    return {name: column[0].as_py() for name, column in columns.items()}
