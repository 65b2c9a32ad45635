"""What somebody sees who has only Kafka's and ClickHouse's own clients."""

import json
import time
from typing import Any
from uuid import uuid4

import fastavro
from clickhouse_driver import Client
from confluent_kafka import Consumer, Producer

from headrace.topics import schemas_folder
from tests.fakes.schema_registry import schema_registry
from tests.faults.checker import avro, header, read_answer, request_schema
from tests.faults.tinymodel import SCHEMA
from tests.faults.world import World

FEATURES = {"amount": 1.5, "count": None, "night": True, "colour": "red", "side": "left"}
EVENT_TIME = 1_700_000_000_123


def test_a_plain_client_sends_json_and_avro_and_reads_each_answer_in_its_own_format(world: World) -> None:
    """Seen to fail with every answer written as JSON."""
    world.scorer()
    world.sink()
    record = {"event_time": EVENT_TIME, "entity": "e", "features": FEATURES}
    sent = {
        "as-json": json.dumps(record | {"request_id": "as-json"}).encode(),
        "as-avro": avro(request_schema(world.model, SCHEMA), record | {"request_id": "as-avro"}),
    }
    producer = Producer({"bootstrap.servers": world.kafka})
    for name, value in sent.items():
        producer.produce(f"{world.model}.requests", value, key=name)
    assert producer.flush(20) == 0
    answers = _answers(world, 2)
    assert answers[b"as-json"].startswith(b"{") and answers[b"as-avro"].startswith(b"\xc3\x01")
    told = json.loads(answers[b"as-json"])
    other = _avro_answer(answers[b"as-avro"])
    assert (told["request_id"], told["status"], told["version"]) == ("as-json", "ok", "v1")
    assert (other["request_id"], other["status"], other["version"]) == ("as-avro", "ok", "v1")
    assert told["scores"] == other["scores"] and 0 < told["scores"][0] < 1
    assert told["event_time"] == "2023-11-14T22:13:20.123Z"
    rows = _rows(world, 2)
    assert rows == [(name, "v1", told["scores"][0], 1.5, None, True, "red", "left") for name in ("as-avro", "as-json")]


def test_a_request_in_confluent_framing_is_answered_in_it(world: World) -> None:
    """Seen to fail with the answers' schema left unregistered: the answer then came in single-object encoding."""
    schema = request_schema(world.model, SCHEMA)
    replies = {
        "/schemas/ids/7": (200, json.dumps({"schema": json.dumps(schema)}).encode()),
        f"/subjects/{world.model}.predictions-value/versions": (200, b'{"id": 8}'),
    }
    with schema_registry(replies) as registry:
        world.scorer(HEADRACE_SCHEMA_REGISTRY=registry.url)
        record = {"request_id": "framed", "event_time": EVENT_TIME, "entity": None, "features": FEATURES}
        producer = Producer({"bootstrap.servers": world.kafka})
        producer.produce(f"{world.model}.requests", b"\0\0\0\0\7" + avro(schema, record)[10:], key="framed")
        assert producer.flush(20) == 0
        answer = _answers(world, 1)[b"framed"]
    assert answer[:5] == b"\0\0\0\0\x08"
    told = _answer_schema()
    assert read_answer(header(told) + answer[5:], fastavro.parse_schema(told), header(told))["status"] == "ok"


def test_at_least_once_answers_each_request_and_fills_clickhouse_too(world: World) -> None:
    """Seen to fail with the offsets never committed: the second life answered all of it again."""
    scorer = world.scorer(HEADRACE_WORKER__DELIVERY="at-least-once")
    world.sink()
    producer = Producer({"bootstrap.servers": world.kafka})
    for n in range(200):
        record = {"request_id": f"r{n}", "event_time": EVENT_TIME, "entity": None, "features": FEATURES}
        producer.produce(f"{world.model}.requests", avro(request_schema(world.model, SCHEMA), record), key=f"r{n}")
    assert producer.flush(20) == 0
    assert len(_answers(world, 200)) == 200
    scorer.ask_to_stop()
    scorer.stop()
    world.scorer(HEADRACE_WORKER__DELIVERY="at-least-once")
    producer.produce(f"{world.model}.requests", avro(request_schema(world.model, SCHEMA), record), key="last")
    assert producer.flush(20) == 0
    assert len(_answers(world, 201)) == 201
    assert len(_rows(world, 201)) == 201


def _answers(world: World, count: int) -> dict[bytes, bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": world.kafka,
            "group.id": uuid4().hex,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([f"{world.model}.predictions"])
    found: dict[bytes, bytes] = {}
    until = time.monotonic() + 60
    while len(found) < count and time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            found[message.key()] = message.value()
    consumer.close()
    return found


def _avro_answer(value: bytes) -> dict[str, Any]:
    schema = _answer_schema()
    return read_answer(value, fastavro.parse_schema(schema), header(schema))


def _answer_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((schemas_folder() / "avro" / "answer.avsc").read_text())
    return schema


def _rows(world: World, count: int) -> list[tuple[Any, ...]]:
    client = Client(*world.clickhouse)
    columns = "request_id, version, score, amount, count, night, colour, side"
    until = time.monotonic() + 60
    rows: Any = []
    while len(rows) < count and time.monotonic() < until:
        rows = client.execute(f"SELECT {columns} FROM {world.model}_predictions ORDER BY request_id")
    client.disconnect()
    return list(rows)
