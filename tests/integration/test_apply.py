"""`headrace apply` on a real broker and the real engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from headrace.apply.applying import Applied, apply
from headrace.apply.errors import BreakingChange
from headrace.apply.writing import write_folder
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.clickhouse.errors import ClickHouseRefused
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import existing_topics
from headrace.modelfolder import ModelFolder
from headrace.registry import Registry
from headrace.topics import model_topics
from headrace.wire.request import request_schema

ROOT = Path(__file__).resolve().parents[2]


class Model:
    """A model folder of its own name, that a test edits and applies."""

    def __init__(self, path: Path, kafka: KafkaAddress, clickhouse: ClickHouse) -> None:
        self.name = f"m{uuid4().hex[:12]}"
        self.path = write_folder(self.name, path)
        self.kafka, self.clickhouse, self.schemas = kafka, clickhouse, Registry.open(str(path / "registry"))

    @property
    def folder(self) -> ModelFolder:
        return ModelFolder.read(self.path)

    def edit(self, *, drop: str = "", add: Mapping[str, Any] | None = None, **types: Any) -> None:
        """Change features.avsc: drop a field, add one, give fields other types."""
        file = self.path / "features.avsc"
        schema = json.loads(file.read_text())
        fields = [field | {"type": types.get(field["name"], field["type"])} for field in schema["fields"]]
        schema["fields"] = [field for field in fields if field["name"] != drop] + ([dict(add)] if add else [])
        file.write_text(json.dumps(schema))

    def apply(self) -> Applied:
        return apply(self.folder, kafka=self.kafka, replication=1, clickhouse=self.clickhouse, schemas=self.schemas)

    def columns(self) -> dict[str, str]:
        rows = self.clickhouse.rows(
            "SELECT name, type FROM system.columns WHERE table = %(table)s", {"table": f"{self.name}_predictions"}
        )
        return dict(rows)

    def refused(self) -> str:
        """Apply, see it refused, and see that nothing was touched; the sentence."""
        before = (self.columns(), self.topics(), self.stored())
        with pytest.raises(BreakingChange) as refusal:
            self.apply()
        assert (self.columns(), self.topics(), self.stored()) == before
        return str(refusal.value)

    def stored(self) -> list[Path]:
        return sorted((self.path.parent / "registry").rglob("*"))

    def topics(self) -> dict[str, int]:
        return {name: count for name, count in existing_topics(self.kafka).items() if name.startswith(self.name)}


@pytest.fixture
def model(tmp_path: Path, kafka: str, clickhouse: tuple[str, int]) -> Iterator[Model]:
    client = ClickHouse(ClickHouseAddress(host=clickhouse[0], port=clickhouse[1]))
    yield Model(tmp_path, KafkaAddress(bootstrap=kafka), client)
    client.close()


def test_topics_and_tables_are_created_as_the_folder_says(model: Model) -> None:
    done = model.apply()
    wanted = {topic.name: topic.partitions for topic in model_topics(model.name, 6)}
    assert wanted.items() <= existing_topics(model.kafka).items()
    assert set(wanted) <= set(done.topics_created)
    columns = model.columns()
    assert columns["amount"] == "Float64"
    assert columns["country"] == columns["channel"] == "LowCardinality(String)"
    assert columns["account_days"] == "Nullable(Int32)"
    assert {"request_id", "score", "source_partition", "source_offset", "release"} <= columns.keys()
    assert done.table_created
    assert model.schemas.schema(bytes.fromhex(done.schema)) == request_schema(model.name, model.folder.features)


def test_topics_keep_their_records_as_long_as_the_table_of_topics_says(model: Model) -> None:
    model.apply()
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in (f"{model.name}.logs", "model-releases")]
    admin = AdminClient({"bootstrap.servers": model.kafka.bootstrap})  # the answers come only while it lives
    found = admin.describe_configs(asked)
    kept = {resource.name: future.result(20)["retention.ms"].value for resource, future in found.items()}
    assert kept == {f"{model.name}.logs": str(3 * 86_400_000), "model-releases": "-1"}


def test_a_second_time_changes_nothing(model: Model) -> None:
    model.apply()
    columns = model.columns()
    done = model.apply()
    assert (done.topics_created, done.columns_added, done.table_created) == ((), (), False)
    assert model.columns() == columns


def test_the_view_of_requests_shows_one_row_an_id_and_its_conflict(model: Model) -> None:
    model.apply()
    at = [datetime(2025, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(3)]
    model.clickhouse.insert(
        f"{model.name}_predictions",
        {"request_id": ["a", "a", "b"], "score": [0.25, 0.5, 0.75], "scored_at": at, "source_offset": [0, 1, 2]},
    )
    view = f"{model.name}_by_request"
    found = model.clickhouse.rows(f"SELECT request_id, score, answers, conflict FROM {view} ORDER BY request_id")
    assert found == [("a", 0.25, 2, 1), ("b", 0.75, 1, 0)]


def test_rows_survive_an_added_feature_and_read_null_in_it(model: Model) -> None:
    model.apply()
    table = f"{model.name}_predictions"
    model.clickhouse.insert(table, {"request_id": ["r1"], "amount": [2.5]})
    model.edit(add={"name": "vip", "type": ["null", "boolean"], "default": None})
    done = model.apply()
    assert done.columns_added == ("vip",)
    assert model.columns()["vip"] == "Nullable(Bool)"
    assert model.clickhouse.rows(f"SELECT request_id, amount, vip FROM {table}") == [("r1", 2.5, None)]
    assert model.apply().columns_added == ()


def test_rows_of_before_an_added_feature_show_its_default(model: Model) -> None:
    model.apply()
    table = f"{model.name}_predictions"
    model.clickhouse.insert(table, {"request_id": ["before"]})
    day = {"type": "int", "logicalType": "date"}
    instant = {"type": "long", "logicalType": "timestamp-millis"}
    added = {"speed": ("double", 1.5), "word": ("string", 'it\'s \\ "so"\n'), "sure": ("boolean", True)}
    for name, (kind, default) in {**added, "day": (day, 20_000), "at": (instant, 1_700_000_000_123)}.items():
        model.edit(add={"name": name, "type": kind, "default": default})
    model.apply()
    model.clickhouse.insert(table, {"request_id": ["later"]})
    at = datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
    shown = (1.5, 'it\'s \\ "so"\n', True, date(2024, 10, 4), at)
    query = f"SELECT request_id, speed, word, sure, day, at FROM {table} ORDER BY request_id"
    assert model.clickhouse.rows(query) == [("before", *shown), ("later", *shown)]


def test_a_value_that_does_not_fit_its_column_is_refused_and_the_connection_goes_on(model: Model) -> None:
    model.apply()
    with pytest.raises(ClickHouseRefused, match="Type mismatch") as refusal:
        model.clickhouse.insert(f"{model.name}_predictions", {"score": ["much"]})
    assert refusal.value.code == 53
    assert model.clickhouse.rows("SELECT 1") == [(1,)]


def test_an_enum_may_grow_and_keeps_its_new_symbols(model: Model) -> None:
    model.apply()
    model.edit(channel={"type": "enum", "name": "Channel", "symbols": ["web", "shop", "phone", "kiosk"]})
    model.apply()
    model.edit(channel={"type": "enum", "name": "Channel", "symbols": ["web", "shop", "phone"]})
    assert "the enum channel lost the symbols kiosk" in model.refused()


def test_breaking_changes_are_refused_by_name_before_anything_is_touched(model: Model) -> None:
    model.apply()
    model.edit(drop="country", add={"name": "age", "type": "int"}, amount="string")
    told = model.refused()
    assert f"nothing was changed for {model.name}" in told
    assert "the feature country was removed" in told
    assert "the new feature age has no default" in told
    assert "the feature amount changed from double to string" in told


def test_another_number_of_partitions_is_refused(model: Model) -> None:
    model.apply()
    toml = model.path / "model.toml"
    toml.write_text(toml.read_text().replace("partitions = 6", "partitions = 7"))
    assert f"the topic {model.name}.requests has 6 partitions and should have 7" in model.refused()


def test_a_refusal_creates_no_topic_of_a_half_applied_model(model: Model) -> None:
    """Red when the topics are created before the table is compared."""
    model.clickhouse.run(
        f'CREATE TABLE {model.name}_predictions (gone Int8 COMMENT \'{{"kind": "int"}}\') ENGINE = Memory',
        doing="preparing",
    )
    assert "the feature gone was removed" in model.refused()
    assert model.topics() == {}


def run(model: Model, *options: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """The command itself, told by its environment where everything is."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")} | {
        "PYTHONPATH": str(ROOT),
        "HEADRACE_KAFKA__BOOTSTRAP": model.kafka.bootstrap,
        "HEADRACE_CLICKHOUSE__HOST": model.clickhouse.address.host,
        "HEADRACE_CLICKHOUSE__PORT": str(model.clickhouse.address.port),
        **changed,
    }
    argv = [sys.executable, "-m", "headrace", "apply", model.name, *options]
    return subprocess.run(argv, cwd=model.path.parent, env=env, capture_output=True, text=True, timeout=120)


def test_the_command_says_what_it_did_as_json_and_in_words(model: Model) -> None:
    first = run(model, "--json")
    assert first.returncode == 0, first.stderr
    done = json.loads(first.stdout)
    assert done["model"] == model.name
    assert f"{model.name}.requests" in done["topics_created"]
    assert done["table_created"] is True
    assert f"tables of {model.name}: were there" in run(model).stdout


def test_the_command_refuses_in_one_sentence_with_exit_code_2(model: Model) -> None:
    run(model)
    model.edit(drop="country")
    refused = run(model)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"headrace: nothing was changed for {model.name}")
    assert refused.stderr.count("\n") == 1


def test_a_clickhouse_that_is_away_is_one_sentence_and_no_topic_is_made(model: Model) -> None:
    away = run(model, HEADRACE_CLICKHOUSE__PORT="1")
    assert (away.returncode, away.stderr.count("\n")) == (2, 1), away.stderr
    assert "ClickHouse at 127.0.0.1:1 does not answer" in away.stderr
    assert model.topics() == {}
