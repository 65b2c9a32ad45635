"""`headrace doctor` on a real broker and the real engine, each broken in turn."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from deploy.local.checks import clickhouse as on_clickhouse
from deploy.local.checks import kafka as on_kafka
from deploy.local.checks import transactions as on_transactions
from deploy.local.part import HOST, Part, launch_clickhouse
from headrace.apply.command import apply_folder
from headrace.apply.writing import write_folder
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.kafka.clients import KafkaAddress
from headrace.modelfolder import ModelFolder
from headrace.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 120


def settings_for(folder: Path, kafka: str, clickhouse: tuple[str, int], **properties: str) -> Settings:
    host, port = clickhouse
    return load(
        data_dir=folder / "data",
        kafka={"bootstrap": kafka, "properties": {name.replace("_", "."): value for name, value in properties.items()}},
        clickhouse={"host": host, "port": port},
    )


@pytest.fixture
def settings(tmp_path: Path, kafka: str, clickhouse: tuple[str, int]) -> Settings:
    return settings_for(tmp_path, kafka, clickhouse)


@pytest.fixture
def model(tmp_path: Path, settings: Settings) -> str:
    name = f"d{uuid4().hex[:12]}"
    apply_folder(ModelFolder.read(write_folder(name, tmp_path)), settings)
    return name


@pytest.fixture
def client(clickhouse: tuple[str, int]) -> Iterator[ClickHouse]:
    found = ClickHouse(ClickHouseAddress(host=clickhouse[0], port=clickhouse[1]))
    yield found
    found.close()


def run(folder: Path, kafka: str, clickhouse: tuple[str, int]) -> tuple[int, dict[str, Mapping[str, Any]], str]:
    """The command with --json: exit code, findings by name, stderr."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    env = clean | {
        "PYTHONPATH": str(ROOT),
        "HEADRACE_DATA_DIR": str(folder / "data"),
        "HEADRACE_KAFKA__BOOTSTRAP": kafka,
        "HEADRACE_CLICKHOUSE__HOST": clickhouse[0],
        "HEADRACE_CLICKHOUSE__PORT": str(clickhouse[1]),
    }
    argv = [sys.executable, "-m", "headrace", "doctor", "--json"]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    answer = json.loads(done.stdout)
    assert answer["ok"] == (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in answer["checks"]}, done.stderr


def test_an_applied_model_is_found_whole(tmp_path: Path, settings: Settings, model: str, client: ClickHouse) -> None:
    found, topics = on_kafka.kafka(settings)
    assert found.state == "ok"
    assert on_kafka.shared(topics).state == "ok"
    assert topics is not None
    assert model in on_kafka.models(topics)
    (mine,) = [finding for finding in on_kafka.of_models(topics) if finding.name == f"topics of {model}"]
    assert (mine.state, mine.said) == ("ok", "5 there")
    assert on_clickhouse.shared_tables(client).state == "ok"
    assert [finding.state for finding in on_clickhouse.model_tables(client, [model])] == ["ok"]
    assert on_clickhouse.clock(client).state == "ok"


def test_with_nothing_there_all_is_told_and_nothing_raised(tmp_path: Path) -> None:
    code, found, errors = run(tmp_path, "127.0.0.1:1", (HOST, 1))
    assert (code, errors) == (1, "")
    assert found["kafka"]["state"] == found["clickhouse"]["state"] == "failed"
    assert "127.0.0.1:1 does not answer" in found["kafka"]["said"]
    assert "`headrace up`" in found["kafka"]["advice"]
    assert found["shared topics"]["state"] == found["shared tables"]["state"] == found["clock"]["state"] == "skipped"
    assert found["java"]["state"] == found["jars"]["state"] == "skipped"
    assert found["signing key"]["state"] == found["trusted keys"]["state"] == "failed"
    assert all(check["advice"] for check in found.values() if check["state"] == "failed")


def test_a_kafka_that_refuses_credentials_is_told_from_one_that_is_away(
    tmp_path: Path, kafka: str, clickhouse: tuple[str, int]
) -> None:
    """Red when the client's error callback is not given the time to speak: the call itself just times out."""
    login = {"security_protocol": "sasl_plaintext", "sasl_mechanism": "PLAIN", "sasl_username": "a"}
    login["sasl_password"] = "b"
    found, topics = on_kafka.kafka(settings_for(tmp_path, kafka, clickhouse, **login))
    assert (found.state, topics) == ("failed", None)
    assert "refuses the credentials or the encryption" in found.said
    assert "sasl.…" in found.advice


def test_a_kafka_that_speaks_no_tls_is_told_with_what_the_client_heard(
    tmp_path: Path, kafka: str, clickhouse: tuple[str, int]
) -> None:
    found, topics = on_kafka.kafka(settings_for(tmp_path, kafka, clickhouse, security_protocol="ssl"))
    assert (found.state, topics) == ("failed", None)
    assert "SSL" in found.said


def test_a_property_that_kafkas_client_does_not_know_is_told(
    tmp_path: Path, kafka: str, clickhouse: tuple[str, int]
) -> None:
    found, _ = on_kafka.kafka(settings_for(tmp_path, kafka, clickhouse, sasl_nonsense="1"))
    assert found.state == "failed"
    assert "sasl.nonsense" in found.said


def test_a_transaction_that_does_not_end_is_told_with_what_it_hides(
    settings: Settings, model: str, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, log = KafkaAddress(bootstrap=kafka), f"{model}.logs"
    found = on_transactions.transactions(address, {log: 1, f"{model}.requests": 2}, [model])
    assert (found.state, found.said) == ("ok", "what is committed in 3 partitions can be read to the end")
    plain, held = Producer(address.producer()), Producer(address.producer() | {"transactional.id": f"{model}.x"})
    plain.produce(log, b"before")
    assert plain.flush(20) == 0
    held.init_transactions(20)
    held.begin_transaction()
    held.produce(log, b"held")
    assert held.flush(20) == 0
    plain.produce(log, b"behind")
    assert plain.flush(20) == 0
    # One that ends while it is looked at is none: this is what a scorer's work looks like.
    with monkeypatch.context() as patched:
        patched.setattr(
            on_transactions.time, "sleep", lambda _: (held.commit_transaction(20), held.begin_transaction())
        )
        assert on_transactions.transactions(address, {log: 1}, [model]).state == "ok"
    held.produce(log, b"held again")
    assert held.flush(20) == 0
    found = on_transactions.transactions(address, {log: 1, f"{model}.requests": 2}, [model])
    assert found.state == "failed"
    assert found.said == f"consumers are held back by one that does not end: {log}/0 at offset 4, 1 behind it"
    assert "`kafka-transactions.sh abort`" in found.advice
    held.abort_transaction(20)
    assert on_transactions.transactions(address, {log: 1}, [model]).state == "ok"


def test_a_missing_topic_of_a_model_is_told(settings: Settings, model: str) -> None:
    _, topics = on_kafka.kafka(settings)
    assert topics is not None
    rest = {name: count for name, count in topics.items() if name != f"{model}.logs"}
    (found,) = [finding for finding in on_kafka.of_models(rest) if finding.name == f"topics of {model}"]
    assert (found.state, found.said) == ("failed", f"missing: {model}.logs")


def test_topics_of_unequal_partitions_are_told(settings: Settings, model: str) -> None:
    _, topics = on_kafka.kafka(settings)
    assert topics is not None
    (found,) = [
        finding
        for finding in on_kafka.of_models({**topics, f"{model}.predictions": 3})
        if finding.name == f"topics of {model}"
    ]
    assert found.said == f"{model}.predictions has 3 partitions, not 6"


def test_missing_shared_topics_are_told_by_name() -> None:
    assert on_kafka.shared({"training": 1, "operations": 1}).said == "missing: model-releases, batch-tasks"
    assert on_kafka.of_models({})[0].state == "skipped"


def test_a_dropped_table_is_told(client: ClickHouse, model: str) -> None:
    client.run(f"DROP TABLE {model}_by_request", doing="breaking")
    (found,) = on_clickhouse.model_tables(client, [model])
    assert (found.state, found.said) == ("failed", f"missing: {model}_by_request")


def test_a_clock_that_is_off_is_told(client: ClickHouse) -> None:
    slow = on_clickhouse.clock(client, now=lambda: 0.0)
    assert slow.state == "failed"
    assert "ahead" in slow.said
    assert "time server" in slow.advice


def test_a_wrong_password_of_clickhouse_is_told_from_one_that_is_away(tmp_path: Path) -> None:
    part = Part("ClickHouse", 0, tmp_path / "logs")
    launch_clickhouse(part, tmp_path / "ch", password="right")
    try:
        part.await_ready()
        wrong = load(data_dir=tmp_path, clickhouse={"host": HOST, "port": part.port, "password": "wrong"})
        found, client = on_clickhouse.clickhouse(wrong)
        assert (found.state, client) == ("failed", None)
        assert found.advice == "check clickhouse.user and clickhouse.password in the settings"
    finally:
        part.stop()


def test_the_command_prints_lines_for_a_person_and_exits_with_1(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "headrace", "doctor", "--data-dir", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    env["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED   kafka: no address is known" in done.stdout
    assert "skipped  clock" in done.stdout
