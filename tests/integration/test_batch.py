"""Batch jobs on a real Kafka, with a real worker that all tests of this file share."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from headrace.candidate import post, proposed
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.kafka.clients import KafkaAddress
from headrace.release import release_id
from headrace.topics import schemas_folder
from headrace.wire.answer import read_schema
from tests.faults.checker import read_all
from tests.faults.tinymodel import SCHEMA
from tests.faults.worker import until
from tests.faults.world import World
from tests.integration.batch_world import FEATURES, BatchWorld, rows


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, kafka: str, clickhouse: tuple[str, int]) -> Iterator[BatchWorld]:
    world = World(tmp_path_factory.mktemp("batch") / "world", kafka, clickhouse)
    world.batch_worker()
    yield BatchWorld(world)
    world.close()


def test_every_row_comes_out_once_with_the_score_of_the_real_time_path_or_with_its_reason(batch: BatchWorld) -> None:
    """A folder of two files: rows in = scored + rejected, and the manifest has the digest of each file that it counts.

    Scores are compared bit for bit with those of one call for all rows.
    """
    table = rows(6000)
    amounts = table["amount"].to_numpy().copy()
    amounts[[5, 2500]] = np.nan, np.inf
    spoilt = table.set_column(1, "amount", pa.array(amounts, mask=np.arange(6000) == 7))
    sides = table["side"].to_pylist()
    sides[4000] = "middle"
    spoilt = spoilt.set_column(5, "side", pa.array(sides))
    for number in range(2):
        (batch.folder / "year").mkdir(exist_ok=True)
        part = spoilt.slice(number * 3000, 3000)
        pq.write_table(part, batch.folder / "year" / f"{number}.parquet", row_group_size=500)
    told = batch.submit(batch.folder / "year", "--rows-per-part", "1000", "--wait")
    assert (told["state"], told["rows_in"], told["rows_scored"], told["rows_rejected"]) == ("done", 6000, 5996, 4)
    assert (told["parts"], told["parts_done"], told["version"]) == (6, 6, "v1")
    out, bad = batch.scored(), [5, 7, 2500, 4000]
    good = table.take(np.delete(np.arange(6000), bad))
    assert out.select(table.column_names).equals(good)
    expected = batch.expected(good)
    assert out["score"].to_numpy().tobytes() == expected.tobytes()
    assert out["decision"].to_pylist() == (expected >= 0.5).tolist()
    rejected = batch.rejected()
    assert list(zip(rejected["_row"].to_pylist(), rejected["_reason"].to_pylist(), strict=True)) == [
        (6, "invalid-feature: amount is NaN"),
        (8, "missing-feature: amount is null"),
        (2501, "invalid-feature: amount is infinite"),
        (1001, "invalid-feature: side is 'middle', not one of left, right"),
    ]
    assert rejected["side"].to_pylist()[3] == "middle" and rejected["_source"].to_pylist()[3].endswith("/1.parquet")
    (file,) = (batch.folder / "out").glob("_manifest-*.json")
    manifest = json.loads(file.read_text())
    digests = {one["output"]["name"]: one["output"]["sha256"] for one in manifest["parts"]}
    files = (batch.folder / "out").glob("*.parquet")
    assert digests == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_text_and_avro_inputs_give_the_same_scores_as_parquet(batch: BatchWorld) -> None:
    """By an object-store address, with a column that has another name, and with rows that are none."""
    table = rows(700).rename_columns(["id", "amount", "count", "night", "hue", "side"])
    folder = batch.folder / "kinds"
    folder.mkdir()
    csv.write_csv(table, folder / "a.csv")
    lines = [json.dumps(one) for one in table.to_pylist()]
    (folder / "a.jsonl").write_text("\n".join([*lines[:350], "{oops", *lines[350:]]))
    renamed = {"colour": "hue"}
    fields = [{**field, "name": renamed.get(str(field["name"]), field["name"])} for field in SCHEMA["fields"]]
    schema = {"type": "record", "name": "Row", "fields": [{"name": "id", "type": "long"}, *fields]}
    with (folder / "a.avro").open("wb") as file:
        fastavro.writer(file, schema, table.to_pylist(), sync_interval=2000)
    expected = batch.expected(table.rename_columns(["id", *FEATURES]))
    for kind in ("csv", "jsonl", "avro"):
        more = ("--columns", "hue=colour", "--rows-per-part", "200", "--wait")
        told = batch.submit(f"file://{folder}/a.{kind}", *more, output=f"file://{folder}/{kind}")
        assert (told["state"], told["rows_scored"], told["rows_rejected"]) == ("done", 700, int(kind == "jsonl")), told
        out = batch.scored(f"kinds/{kind}")
        assert out["id"].to_pylist() == [str(number) for number in range(700)]
        assert out["score"].to_numpy().tobytes() == expected.tobytes()
    assert batch.rejected("kinds/jsonl")["_original"].to_pylist() == ["{oops"]
    assert batch.rejected("kinds/jsonl")["_row"].to_pylist() == [351]


def test_an_input_that_does_not_fit_is_refused_before_anything_starts(batch: BatchWorld, tmp_path: Path) -> None:
    table = rows(10)
    spoilt = table.drop_columns(["colour"]).set_column(1, "amount", table["amount"].cast(pa.string()))
    pq.write_table(spoilt, tmp_path / "a.parquet")
    done = batch.run("submit", batch.world.model, "--input", str(tmp_path / "a.parquet"), "--output", str(tmp_path))
    assert done.returncode == 2
    assert "the column colour is missing" in done.stderr
    assert "the column amount is string, but the feature is a number (double)" in done.stderr
    pq.write_table(table.set_column(3, "night", pa.nulls(10, pa.bool_())), tmp_path / "b.parquet")
    done = batch.run("submit", batch.world.model, "--input", str(tmp_path / "b.parquet"), "--output", str(tmp_path))
    assert (done.returncode, "night is null in every row and may not be" in done.stderr) == (2, True)
    jobs = [one["input"] for one in batch.told("list")]
    assert not [one for one in jobs if one.startswith(str(tmp_path))]


def test_a_corrupt_row_group_fails_its_part_alone_and_retry_goes_on_once_it_is_mended(batch: BatchWorld) -> None:
    table, path = rows(5000), batch.folder / "torn.parquet"
    pq.write_table(table, path, row_group_size=1000)
    good = path.read_bytes()
    at = pq.read_metadata(path).row_group(2).column(1).data_page_offset
    path.write_bytes(good[: at + 60] + bytes(200) + good[at + 260 :])
    told = batch.submit(path, "--rows-per-part", "1000", "--wait", output="torn")
    assert (told["state"], told["parts_done"], told["rows_in"]) == ("failed", 4, 4000)
    ((failed),) = told["parts_failed"]
    assert failed["part"] == 2 and "torn.parquet" in failed["reason"]
    assert not list((batch.folder / "torn").glob("_manifest-*"))
    path.write_bytes(good)
    told = batch.told("retry", told["job"], "--wait")
    assert (told["state"], told["rows_scored"], told["parts_failed"]) == ("done", 5000, [])
    assert batch.scored("torn")["score"].to_numpy().tobytes() == batch.expected(table).tobytes()


def test_the_same_job_submitted_twice_is_one_job(batch: BatchWorld) -> None:
    table, path = rows(3000), batch.folder / "twice.parquet"
    pq.write_table(table, path, row_group_size=100)
    first = batch.submit(path, "--rows-per-part", "100", output="twice")
    second = batch.submit(path, "--rows-per-part", "100", "--wait", output="twice")
    third = batch.submit(path, "--rows-per-part", "100", "--wait", output="twice")
    assert first["job"] == second["job"] == third["job"] and second == third
    assert second["rows_scored"] == batch.scored("twice").num_rows == 3000
    other = batch.run(
        *("submit", batch.world.model, "--input", str(path), "--output", "other", "--job", first["job"]),
    )
    assert (other.returncode, "give this one another --job" in other.stderr) == (2, True)


def test_a_column_of_nulls_is_told_and_its_rows_are_rejected(batch: BatchWorld) -> None:
    table, path = rows(100), batch.folder / "nulls.parquet"
    pq.write_table(table.set_column(3, "night", pa.array([None] + [True] * 99)), path)
    done = batch.run("submit", batch.world.model, "--input", str(path), "--output", "nulls", "--wait")
    assert done.returncode == 0, done.stderr
    assert "night is null in 1 rows and may not be: they will be rejected" in done.stderr
    assert "100 of 100 in = 99 scored + 1 rejected" in done.stdout


def test_a_query_is_scored_into_a_table_by_ranges_of_its_key(batch: BatchWorld) -> None:
    """Keys that are many times there stay together; what cannot be scored is kept with the job."""
    model, table = batch.world.model, rows(3000)
    batch.world.query(
        f"CREATE TABLE {model}_input (id Int64, day String, amount Float64, count Nullable(Int64), night Bool, "
        "colour LowCardinality(String), side Enum8('left' = 1, 'right' = 2, 'up' = 3), at DateTime64(3, 'UTC')) "
        "ENGINE = MergeTree ORDER BY day"
    )
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns |= {"day": [f"d'{i // 90:02d}" for i in range(3000)], "at": [datetime(2026, 1, 1, tzinfo=UTC)] * 3000}
    columns["side"] = ["up", *columns["side"][1:]]
    client = ClickHouse(ClickHouseAddress(host=batch.world.clickhouse[0], port=batch.world.clickhouse[1]))
    client.insert(f"{model}_input", columns)
    client.close()
    query = f"clickhouse:SELECT * FROM {model}_input WHERE day LIKE 'd%'"
    more = ("--key", "day", "--rows-per-part", "200", "--wait")
    told = batch.submit(query, *more, output=f"clickhouse:{model}_scored")
    assert (told["state"], told["rows_in"], told["rows_scored"], told["rows_rejected"]) == ("done", 3000, 2999, 1)
    assert 10 < told["parts"] <= 15
    got = batch.world.query(f"SELECT id, score, at FROM {model}_scored ORDER BY id")
    assert [row[0] for row in got] == list(range(1, 3000))
    assert np.array([row[1] for row in got]).tobytes() == batch.expected(table)[1:].tobytes()
    assert {row[2] for row in got} == {datetime(2026, 1, 1, tzinfo=UTC)}
    ((rejected),) = (batch.world.data / "registry" / "jobs" / told["job"] / "rejected").glob("*.parquet")
    assert pq.read_table(rejected)["_reason"].to_pylist() == ["invalid-feature: side is 'up', not one of left, right"]
    done = batch.run("submit", model, "--input", query, "--output", "out")
    assert (done.returncode, "a query needs --key COLUMN" in done.stderr) == (2, True)


def test_answers_go_to_the_models_topic_once_each_in_the_scorers_own_words(batch: BatchWorld) -> None:
    model, count = batch.world.model, 500
    table = rows(count).append_column("request_id", pa.array([f"r{i}" for i in range(count)]))
    amounts = table["amount"].to_pylist()
    table = table.set_column(1, "amount", pa.array([float("nan"), *amounts[1:]]))
    pq.write_table(table, batch.folder / "asked.parquet", row_group_size=100)
    told = batch.submit(
        *(batch.folder / "asked.parquet", "--rows-per-part", "100", "--wait"), output=f"{model}.predictions"
    )
    assert (told["state"], told["parts"], told["rows_scored"], told["rows_rejected"]) == ("done", 5, 499, 1)
    schema = fastavro.parse_schema(read_schema(schemas_folder() / "avro"))
    values: list[bytes] = []

    def all_there() -> bool:
        values[:] = [message.value() or b"" for message in read_all(batch.world.kafka, f"{model}.predictions")]
        return len(values) >= count

    until(all_there, "all answers can be read")
    answers = {one["request_id"]: one for one in (schemaless(value, schema) for value in values)}
    assert len(values) == len(answers) == count
    expected = batch.expected(rows(count))
    assert [answers[f"r{i}"]["scores"] for i in range(1, count)] == [[score] for score in expected[1:].tolist()]
    assert (answers["r0"]["status"], answers["r0"]["reason"]) == ("rejected", "invalid-feature: amount is NaN")
    assert (answers["r7"]["version"], answers["r7"]["variant"], answers["r7"]["release"]) == (
        "v1",
        "batch",
        release_id(batch.world.releases[0]),
    )
    done = batch.run("submit", model, "--input", str(batch.folder / "asked.parquet"), "--output", "x.predictions")
    assert (done.returncode, f"{model}'s answers go to {model}.predictions" in done.stderr) == (2, True)


def test_a_candidate_scores_a_job_of_its_own(batch: BatchWorld) -> None:
    model, address = batch.world.model, KafkaAddress(bootstrap=batch.world.kafka)
    table, path = rows(200), batch.folder / "what-if.parquet"
    pq.write_table(table, path)
    done = batch.run("submit", model, "--input", str(path), "--output", "what-if", "--candidate")
    assert (done.returncode, f"{model} has no candidate" in done.stderr) == (2, True)
    digest = batch.world.add_version("v2")
    post(address, proposed(model=model, version="v2", digest=digest, actor="ada", metrics={}))
    told = batch.submit(path, "--candidate", "--wait", output="what-if")
    assert (told["state"], told["version"], told["release"]) == ("done", "v2", "")
    assert batch.scored("what-if")["score"].to_numpy().tobytes() == batch.expected(table, "v2").tobytes()


def schemaless(value: bytes, schema: Any) -> Any:
    """An answer behind the ten bytes of its framing."""
    return fastavro.schemaless_reader(io.BytesIO(value[10:]), schema, None)
