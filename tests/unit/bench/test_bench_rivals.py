"""The rivals answer what Headrace answers: otherwise there is nothing to compare."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from deploy.bench.ground import write_schema
from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.logs import Logs
from deploy.bench.rivals.model import Model
from deploy.bench.rivals.task import Task
from deploy.bench.rivals.wire import wire_of
from deploy.bench.workload import Workload, as_json, doubles
from headrace import bundle, topics
from headrace.registry import Registry
from headrace.wire.answer import read_schema
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.request import RequestReader

ROOT = Path(__file__).resolve().parents[3]
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
        log_partitions=2,
        format="avro",
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
    model, wire = Model.read(task.bundle), wire_of(task)
    rows = [model.row(wire.request(value)["features"]) for value in values]
    assert model.predict_proba(rows)[:, model.positive] == pytest.approx(expected)


def test_a_rival_s_answer_can_be_read_as_one_of_headrace(work: Workload, task: Task) -> None:
    wire = wire_of(task)
    request = wire.request(work.requests[7][1])
    found = decoded(wire.answer(request, 0.75, 3, 12, 1_700_000_000_000_000))
    assert (found["request_id"], found["decision"]) == (request["request_id"], True)
    assert (found["source_partition"], found["source_offset"]) == (3, 12)


def test_a_rival_reads_the_same_request_from_json_and_writes_it_an_answer(work: Workload, task: Task) -> None:
    text = wire_of(replace(task, format="json"))
    request = text.request(as_json(work).requests[7][1])
    assert request == wire_of(task).request(work.requests[7][1])
    found = json.loads(text.answer(request, 0.75, 3, 12, 1_700_000_000_000_000))
    assert (found["request_id"], found["scores"], found["source_offset"]) == (request["request_id"], [0.75], 12)
    assert found["scored_at"] == "2023-11-14T22:13:20Z"
    assert found.keys() == {field["name"] for field in read_schema(ANSWERS)["fields"]}


def test_json_requests_are_those_of_avro(work: Workload) -> None:
    reader = RequestReader(work.model, work.features, NoSchemas())
    avro, text = (reader.read([value for _, value in one.requests]) for one in (work, as_json(work)))
    assert not text.rejects
    assert (text.request_id, text.entity, text.event_time) == (avro.request_id, avro.entity, avro.event_time)
    assert text.features == avro.features


def test_a_batch_is_answered_as_its_requests_one_by_one(work: Workload, task: Task) -> None:
    answering = Answering(task)
    placed = [(value, 2, offset) for offset, (_, value) in enumerate(work.requests)]
    together = [decoded(value) for value in answering.many(placed)]
    alone = [decoded(answering.one(*one)) for one in placed]
    for one in (*together, *alone):
        one.pop("scored_at")
        one["scores"] = pytest.approx(one["scores"])
    assert [one["request_id"] for one in together] == [one["request_id"] for one in alone]
    assert all(a["source_offset"] == b["source_offset"] for a, b in zip(together, alone, strict=True))


def test_a_log_block_by_hand_holds_every_request(work: Workload, task: Task) -> None:
    wire, logs = wire_of(task), Logs(task)
    made = {"source_offset": 3, "score": 0.5, "decision": True, "scored_at": 7}
    records = [wire.request(value) | made for _, value in work.requests]
    assert logs.read(logs.write(records)) == records


def test_rivals_and_peers_import_nothing_of_headrace() -> None:
    """They also run where it is not installed."""
    refused = "import sys; sys.modules['headrace'] = None\n"
    names = ("answering", "careful", "limit", "limit_and_model", "logs", "model", "task", "wire")
    program = refused + "\n".join(f"import deploy.bench.rivals.{name}" for name in names)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_categories_become_codes_and_missing_numbers_nan(task: Task) -> None:
    model = replace(Model.read(task.bundle), names=("colour", "n"), codes={"colour": {"blue": 0.0, "red": 1.0}})
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
