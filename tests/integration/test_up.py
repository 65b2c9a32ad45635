"""`headrace up` as a person runs it: what it starts, what it says, what it leaves."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client
from confluent_kafka.admin import AdminClient

from deploy.local.stack import LocalStack
from deploy.local.supervise.events import Ended, Event
from headrace.apply.writing import write_folder
from headrace.release.keys import TrustedKeys, key_id, read_private
from headrace.settings import load

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 90


class Up:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, *options: str, **env: str) -> None:
        argv = [sys.executable, "-m", "headrace", "up", *(options or ("--kafka-port", "0", "--clickhouse-port", "0"))]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        self.folder = folder
        self.said = ""
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            env=clean | {"PYTHONPATH": str(ROOT)} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, pattern: str) -> re.Match[str]:
        """Read what it says until the pattern is there."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := re.search(pattern, self.said)):
            assert self.process.stdout
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"not within the deadline: {pattern!r} in {self.said!r}"
            piece = os.read(self.process.stdout.fileno(), 65_536).decode()
            assert piece, f"it ended: {self.said!r} and {self.end()}"
            self.said += piece
        return found

    def ready(self) -> tuple[str, int]:
        """Wait until all runs; Kafka's address and ClickHouse's port."""
        self.until("ready; in another terminal")
        kafka, port = re.search(r"Kafka +(\S+).*\nClickHouse +127\.0\.0\.1:(\d+)", self.said).groups()  # type: ignore[union-attr]
        return kafka, int(port)

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Send a signal; exit code and stderr."""
        if number:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, errors

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        eventually(lambda: left_of(self.folder) == [])


def left_of(folder: Path) -> list[str]:
    """Command lines of all processes that have to do with a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            surroundings = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line or f"HEADRACE_DATA_DIR={folder}" in surroundings:
            found.append(f"{process.name} {line}")
    return found


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.02)


def topics(address: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": address}).list_topics(timeout=20).topics)


def ask(port: int, query: str) -> list[tuple[object, ...]]:
    with Client("127.0.0.1", port) as client:
        return list(client.execute(query))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_addresses_answer_and_a_signal_ends_it_with_nothing_left(
    kafka_jars: None, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Up(tmp_path) as up:
        kafka, port = up.ready()
        topics(kafka)
        assert ask(port, "SELECT 1") == [(1,)]
        monkeypatch.chdir(tmp_path)
        assert load().bootstrap() == kafka
        assert load().clickhouse_address() == ("127.0.0.1", port)
        assert len(left_of(tmp_path)) >= 3
        assert up.end(number) == (0, "")
        assert left_of(tmp_path) == []
        assert not (tmp_path / ".headrace" / "local.toml").exists()


def test_the_data_survives_and_the_key_is_made_once(kafka_jars: None, tmp_path: Path) -> None:
    folder = write_folder("fraud", tmp_path)
    keys = tmp_path / ".headrace" / "keys"
    ports = ("--kafka-port", "0", "--clickhouse-port", "0", "--no-workers")
    with Up(tmp_path, *ports, "--model", str(folder)) as up:
        _, port = up.ready()
        assert "topics created: " in up.said
        ask(port, "INSERT INTO fraud_predictions (request_id) VALUES ('r1')")
        key = (keys / "desk.pem").read_bytes()
        assert up.end(signal.SIGTERM) == (0, "")
    with Up(tmp_path, *ports) as up:
        kafka, port = up.ready()
        assert {"fraud.requests", "model-releases"} <= topics(kafka)
        assert ask(port, "SELECT request_id FROM fraud_predictions") == [("r1",)]
    assert (keys / "desk.pem").read_bytes() == key
    assert (keys / "desk.pem").stat().st_mode & 0o777 == 0o600
    assert TrustedKeys.read(keys / "trusted").holds(key_id(read_private(keys / "desk.pem").public_key()))


@pytest.mark.parametrize(("option", "what"), [("--kafka-port", "Kafka"), ("--clickhouse-port", "ClickHouse")])
def test_a_port_in_use_is_refused_by_a_sentence(
    kafka_jars: None, tmp_path: Path, taken: int, option: str, what: str
) -> None:
    other = {"--kafka-port": "0", "--clickhouse-port": "0", option: str(taken)}
    with Up(tmp_path, *(word for pair in other.items() for word in pair)) as up:
        code, errors = up.end()
        assert code == 2
        assert errors.startswith(f"headrace: port {taken} of 127.0.0.1, meant for {what}, is in use")
        assert option in errors
        assert errors.count("\n") == 1
        assert left_of(tmp_path) == []


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_goes_on(kafka_jars: None, tmp_path: Path) -> None:
    with Up(tmp_path) as first:
        kafka, port = first.ready()
        with Up(tmp_path) as second:
            code, errors = second.end()
            assert code == 2
            assert f"another local stack (process {first.process.pid}) runs on {tmp_path}/.headrace" in errors
            assert (tmp_path / ".headrace" / "local.toml").exists()
            topics(kafka)
            assert ask(port, "SELECT 1") == [(1,)]
            first.end(signal.SIGTERM)


def test_a_folder_that_cannot_be_made_is_refused_by_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Up(tmp_path, "--data-dir", "file") as up:
        code, errors = up.end()
        assert code == 2
        assert "cannot hold the local stack's data" in errors


def test_a_kafka_of_ones_own_is_used_and_none_is_started(kafka: str, tmp_path: Path) -> None:
    with Up(tmp_path, HEADRACE_KAFKA__BOOTSTRAP=kafka) as up:
        assert up.ready()[0] == kafka
        assert f"Kafka       {kafka}  (your own: nothing local was started)" in up.said
        assert not any("deploy.local.kafka" in line for line in left_of(tmp_path))
        assert not (tmp_path / ".headrace" / "kafka").exists()
        assert tomllib.loads((tmp_path / ".headrace" / "local.toml").read_text()).keys() == {"clickhouse"}
        assert up.end(signal.SIGTERM) == (0, "")


def test_services_named_in_headrace_toml_count_as_ones_own_and_leave_nothing_to_start(tmp_path: Path) -> None:
    (tmp_path / "headrace.toml").write_text('[kafka]\nbootstrap = "k:1"\n[clickhouse]\nhost = "c"\n')
    with Up(tmp_path) as up:
        code, errors = up.end()
        assert code == 2
        assert "Kafka and ClickHouse are your own" in errors


def test_addresses_left_by_a_stack_that_was_killed_do_not_count_as_ones_own(kafka_jars: None, tmp_path: Path) -> None:
    """Red when the file of addresses is not removed before the settings are read."""
    (tmp_path / ".headrace").mkdir()
    (tmp_path / ".headrace" / "local.toml").write_text('[kafka]\nbootstrap = "127.0.0.1:1"\n')
    with Up(tmp_path) as up:
        kafka, _ = up.ready()
        assert kafka != "127.0.0.1:1"
        assert "your own" not in up.said


def test_a_killed_stack_leaves_no_process(kafka_jars: None, tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.ready()
        up.process.kill()
        eventually(lambda: left_of(tmp_path) == [])


def test_a_part_that_is_killed_is_started_again_where_it_was(kafka_jars: None, tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        _, port = up.ready()
        (front,) = [line.split()[0] for line in left_of(tmp_path) if "deploy.local.clickhouse" in line]
        os.kill(int(front), signal.SIGKILL)
        up.until(r"clickhouse ended by itself \(signal 9\)\nclickhouse is started again")
        eventually(lambda: answers(port))
        assert ask(port, "SELECT 1") == [(1,)]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_workers_are_supervised_and_stopped_with_the_rest(kafka_jars: None, tmp_path: Path) -> None:
    folder = write_folder("fraud", tmp_path)
    options = ("--kafka-port", "0", "--clickhouse-port", "0", "--model", str(folder), "--scorers", "2")
    with Up(tmp_path, *options) as up:
        up.ready()
        for name in ("score-fraud-1", "score-fraud-2", "sink-1"):
            assert re.search(rf"{name}: http://127\.0\.0\.1:\d+, .*{name}\.log", up.said)
        lines = [line for line in left_of(tmp_path / ".headrace") if "worker score --model fraud" in line]
        os.kill(int(lines[0].split()[0]), signal.SIGKILL)
        up.until(r"score-fraud-\d ended by itself \(signal 9\)\nscore-fraud-\d is started again")
        assert up.end(signal.SIGTERM) == (0, "")
        assert left_of(tmp_path) == []


def test_a_model_that_cannot_be_used_stops_everything_again(kafka_jars: None, tmp_path: Path) -> None:
    with Up(tmp_path, "--model", "No-Such") as up:
        code, errors = up.end()
        assert code == 2
        assert "--model No-Such: there is no such folder" in errors
        assert not (tmp_path / ".headrace").exists()


def test_a_signal_while_it_starts_ends_it_with_nothing_left(kafka_jars: None, tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        eventually(lambda: (tmp_path / ".headrace" / "logs" / "kafka.log").exists())
        assert up.end(signal.SIGTERM) == (0, "")
        assert left_of(tmp_path) == []


def test_workers_end_before_clickhouse_and_clickhouse_before_kafka(kafka_jars: None, tmp_path: Path) -> None:
    """Red when the parts are stopped side by side: a worker could not finish what it has begun."""
    events: list[Event] = []
    with LocalStack(tmp_path, on_event=events.append) as stack:
        stack.workers.start("score-fraud-1", "score", "--help")
    assert [event.name for event in events if isinstance(event, Ended)][-2:] == ["clickhouse", "kafka"]
    assert "score-fraud-1" in [event.name for event in events][:-2]
