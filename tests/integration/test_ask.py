"""`headrace score` against a stand-in scorer on a real broker, and `headrace sql` against the real engine."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from ledger_world import LedgerWorld

from headrace import topics
from headrace.ask.asking import ask
from headrace.ask.errors import NotAnswered, NotIdentified, NotSent
from headrace.kafka.errors import TopicMissing

Reply = Callable[[Message, Producer], None]


class Answering:
    """Reads M.requests in a thread and lets a test answer each as it likes."""

    def __init__(self, world: LedgerWorld, reply: Reply) -> None:
        self._world, self._reply = world, reply
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        topic = topics.requests(self._world.model)
        consumer = Consumer(self._world.kafka.reader())
        consumer.assign([TopicPartition(topic, partition, 0) for partition in (0, 1)])
        producer = Producer(self._world.kafka.producer() | {"linger.ms": 0})
        while not self._over.is_set():
            for message in consumer.consume(10, 0.05):
                assert message.error() is None, message.error()
                self._reply(message, producer)
                producer.flush(10)
        consumer.close()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def world(kafka: str, clickhouse: tuple[str, int]) -> Iterator[LedgerWorld]:
    made = LedgerWorld(kafka, clickhouse)
    yield made
    made.close()


def answer(world: LedgerWorld, message: Message, producer: Producer, **more: Any) -> None:
    request = json.loads(message.value() or b"")
    body = {
        "request_id": request["request_id"],
        "status": "ok",
        "source_partition": message.partition(),
        "source_offset": message.offset(),
        "heard": request,
    } | more
    producer.produce(topics.predictions(world.model), json.dumps(body), key=message.key())


def test_a_request_too_large_for_kafka_is_told_with_its_size(world: LedgerWorld) -> None:
    with pytest.raises(NotSent, match=r"it has 2,000,\d+ bytes, which is more than Kafka takes there"):
        ask(world.kafka, world.model, {"request_id": "a", "features": {"x": "y" * 2_000_000}}, timeout_s=1)


def test_the_answer_is_that_of_this_request_and_not_of_another_with_its_id(world: LedgerWorld) -> None:
    def reply(message: Message, producer: Producer) -> None:
        producer.produce(topics.predictions(world.model), b"\xc3\x01 an answer in Avro")
        answer(world, message, producer, source_offset=(message.offset() or 0) + 1_000_000)
        answer(world, message, producer, source_partition=7)
        answer(world, message, producer, mine=True)

    request = {"request_id": "again", "entity": "é", "features": {"x": 0.1}}
    with Answering(world, reply):
        found = ask(world.kafka, world.model, request, timeout_s=20)
    assert (found["mine"], found["heard"]) == (True, request)


def test_a_request_with_an_entity_lies_where_every_other_client_puts_that_key(world: LedgerWorld) -> None:
    keys: list[bytes | str | None] = []

    def reply(message: Message, producer: Producer) -> None:
        keys.append(message.key())
        answer(world, message, producer)

    with Answering(world, reply):
        found = ask(world.kafka, world.model, {"request_id": "keyed", "entity": "N12345"}, timeout_s=20)
    assert found["request_id"] == "keyed"
    assert keys[-1] == b"N12345"


def test_without_a_worker_the_sentence_says_where_the_request_lies(world: LedgerWorld) -> None:
    with pytest.raises(
        NotAnswered, match=rf"in 0.3 s; the request lies in {world.model}.requests, partition \d, offset"
    ):
        ask(world.kafka, world.model, {"request_id": "alone"}, timeout_s=0.3)


def test_a_request_that_became_a_dead_letter_only_is_told_with_its_reason(world: LedgerWorld) -> None:
    def reply(message: Message, producer: Producer) -> None:
        told = {"reason": "invalid-id: request_id is empty", "source-partition": message.partition()}
        told["source-offset"] = message.offset()
        headers = [(name, str(value).encode()) for name, value in told.items()]
        producer.produce(topics.dead_letters(world.model), message.value(), headers=headers)

    with Answering(world, reply), pytest.raises(NotIdentified, match="invalid-id: request_id is empty"):
        ask(world.kafka, world.model, {"request_id": ""}, timeout_s=60)


def test_a_model_without_topics_is_a_sentence(world: LedgerWorld) -> None:
    with pytest.raises(TopicMissing, match=r"nobody\.predictions"):
        ask(world.kafka, "nobody", {"request_id": "x"}, timeout_s=5)


def command(world: LedgerWorld, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    where = {
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka.bootstrap,
        "HEADRACE_CLICKHOUSE__HOST": world.address.host,
        "HEADRACE_CLICKHOUSE__PORT": str(world.address.port),
    }
    called = [sys.executable, "-c", "from headrace.cli.main import main; main()", *arguments]
    return subprocess.run(called, env=os.environ | where, input=given, capture_output=True, text=True, timeout=60)


def test_the_command_fills_in_what_is_missing_and_prints_the_answer(world: LedgerWorld) -> None:
    with Answering(world, lambda message, producer: answer(world, message, producer)):
        done = command(world, "score", world.model, "--request", '{"features": {"x": 1.5}}')
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)["heard"]
    assert heard["features"] == {"x": 1.5}
    assert len(heard["request_id"]) == 32
    assert heard["event_time"].endswith("Z")


def test_the_command_prints_a_rejection_and_exits_with_1(world: LedgerWorld) -> None:
    def reply(message: Message, producer: Producer) -> None:
        answer(world, message, producer, status="rejected", reason="missing-field: features")

    with Answering(world, reply):
        done = command(world, "score", world.model, "--json-request", "-", given='{"request_id": "mine"}')
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["reason"] == "missing-field: features"
    assert json.loads(done.stdout)["request_id"] == "mine"


@pytest.mark.parametrize(
    ("given", "said"),
    [("[1]", "it is list"), ('{"features": {"x": NaN}}', "malformed"), ("{", "truncated")],
    ids=["an array", "NaN", "cut short"],
)
def test_what_is_not_a_request_is_refused_before_it_is_sent(world: LedgerWorld, given: str, said: str) -> None:
    done = command(world, "score", world.model, "--request", given)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[0]


def test_the_command_wants_one_request(world: LedgerWorld) -> None:
    done = command(world, "score", world.model)
    assert done.returncode == 2
    assert "--json-request" in done.stderr


AT = "toDateTime64('2013-01-02 03:04:05.678', 3, 'UTC')"
QUERY = f"SELECT 1 AS one, NULL AS nothing, 'a,\"[b]é' AS text, {AT} AS at, nan AS no"


def test_sql_prints_a_table(world: LedgerWorld) -> None:
    done = command(world, "sql", QUERY)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'a,"[b]é' in done.stdout
    assert "NULL" in done.stdout


def test_sql_prints_json_that_any_parser_reads(world: LedgerWorld) -> None:
    done = command(world, "sql", QUERY, "--format", "json")
    row = {"one": 1, "nothing": None, "text": 'a,"[b]é', "at": "2013-01-02T03:04:05.678000Z", "no": None}
    assert json.loads(done.stdout) == [row]


def test_sql_reads_its_query_from_stdin_and_prints_csv(world: LedgerWorld) -> None:
    done = command(world, "sql", "--format", "csv", given=f"{QUERY};\n")
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["one", "nothing", "text", "at", "no"],
        ["1", "", 'a,"[b]é', "2013-01-02T03:04:05.678000Z", "nan"],
    ]


def test_sql_prints_a_wide_table_whole_when_it_is_piped(world: LedgerWorld) -> None:
    wide = command(world, "sql", "SELECT repeat('x', 500) AS wide")
    assert "x" * 500 in wide.stdout


def test_sql_says_what_clickhouse_says_in_one_sentence(world: LedgerWorld) -> None:
    done = command(world, "sql", "SELECT * FROM nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr


def test_sql_runs_statements_that_give_nothing(world: LedgerWorld) -> None:
    table = f"{world.model}_made"
    for statement in (f"CREATE TABLE {table} (x Int32) ENGINE = Memory", f"INSERT INTO {table} VALUES (1), (2)"):
        done = command(world, "sql", statement)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert command(world, "sql", f"SELECT sum(x) FROM {table}", "--format", "csv").stdout == "sum(x)\n3\n"
