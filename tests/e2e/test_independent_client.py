"""What somebody sees who has only Kafka's and ClickHouse's own clients."""

import json
import time
from typing import Any
from uuid import uuid4

import fastavro
from clickhouse_driver import Client
from confluent_kafka import Consumer, Producer

from headrace.topics import schemas_folder
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
    schema = json.loads((schemas_folder() / "avro" / "answer.avsc").read_text())
    return read_answer(value, fastavro.parse_schema(schema), header(schema))


def _rows(world: World, count: int) -> list[tuple[Any, ...]]:
    client = Client(*world.clickhouse)
    columns = "request_id, version, score, amount, count, night, colour, side"
    until = time.monotonic() + 60
    rows: Any = []
    while len(rows) < count and time.monotonic() < until:
        rows = client.execute(f"SELECT {columns} FROM {world.model}_predictions ORDER BY request_id")
    client.disconnect()
    return list(rows)
