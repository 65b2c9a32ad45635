"""Where clients' schemas come from, and what is done when nobody answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.wire.framing import fingerprint
from streams.engine.errors import NotDelivered
from streams.score.errors import AnswerNotRegistered
from streams.score.schemas import ASK_AGAIN_S, WriterSchemas, registered
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry
from tests.fakes.schema_registry import SchemaRegistry, schema_registry

SCHEMA: dict[str, Any] = {"type": "record", "name": "Request", "fields": [{"name": "request_id", "type": "string"}]}
MARK = fingerprint(SCHEMA)


def reply(schema: Any, **more: Any) -> tuple[int, bytes]:
    return 200, json.dumps({"schema": schema if isinstance(schema, str) else json.dumps(schema), **more}).encode()


@pytest.fixture
def known() -> Iterator[SchemaRegistry]:
    with schema_registry({"/schemas/ids/7": reply(SCHEMA)}) as running:
        yield running


def schemas(url: str = "", registry: FakeRegistry | None = None, clock: FakeClock | None = None) -> WriterSchemas:
    return WriterSchemas(registry or FakeRegistry(SCHEMA), url, clock or FakeClock())


def test_a_stored_schema_is_found_by_its_fingerprint() -> None:
    assert schemas().by_fingerprint(MARK) == SCHEMA


def test_an_unknown_fingerprint_is_asked_for_again_only_after_a_while() -> None:
    registry, clock = FakeRegistry(), FakeClock()
    looking = schemas(registry=registry, clock=clock)
    assert looking.by_fingerprint(MARK) is None
    clock.pass_s(ASK_AGAIN_S * 0.99)
    registry.schemas[MARK] = SCHEMA
    assert looking.by_fingerprint(MARK) is None
    assert registry.asked == [MARK]
    clock.pass_s(ASK_AGAIN_S * 0.02)
    assert looking.by_fingerprint(MARK) == SCHEMA


def test_of_a_flood_of_unknown_fingerprints_only_the_latest_are_remembered() -> None:
    """Fails when what is unknown is kept for ever: one bad client would fill the memory."""
    clock = FakeClock()
    looking = schemas(registry=FakeRegistry(), clock=clock)
    for number in range(3000):
        looking.by_fingerprint(number.to_bytes(8, "big"))
        clock.pass_s(ASK_AGAIN_S / 100)
    assert looking.remembered <= 101


def test_a_registry_that_is_away_is_no_reason_to_reject_a_request() -> None:
    registry = FakeRegistry(SCHEMA)
    looking = schemas(registry=registry)
    registry.away = True
    with pytest.raises(NotDelivered, match="registry-away") as raised:
        looking.by_fingerprint(MARK)
    assert raised.value.cause == "registry-away"
    registry.away = False
    assert looking.by_fingerprint(MARK) == SCHEMA, "being away is not remembered as unknown"


def test_a_schema_is_found_by_its_number(known: SchemaRegistry) -> None:
    assert schemas(known.url).by_id(7) == SCHEMA
    known.replies["/below/schemas/ids/7"] = reply(SCHEMA)
    assert schemas(known.url + "/below/").by_id(7) == SCHEMA


def test_a_number_that_the_schema_registry_does_not_know_is_unknown_for_a_while(known: SchemaRegistry) -> None:
    clock = FakeClock()
    looking = schemas(known.url, clock=clock)
    assert looking.by_id(8) is None and looking.by_id(8) is None
    assert known.asked == ["/schemas/ids/8"]
    known.replies["/schemas/ids/8"] = reply(SCHEMA)
    clock.pass_s(ASK_AGAIN_S)
    assert looking.by_id(8) == SCHEMA


def test_without_a_schema_registry_no_number_is_known() -> None:
    assert schemas().by_id(7) is None


@pytest.mark.parametrize(
    "answer",
    [(500, b"oops"), (401, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (0, b"\x00nonsense\r\n\r\n")],
    ids=["failing", "refusing", "not JSON", "a list", "no schema in it", "not HTTP"],
)
def test_a_schema_registry_that_answers_nonsense_is_away(known: SchemaRegistry, answer: tuple[int, bytes]) -> None:
    known.replies["/schemas/ids/7"] = answer
    with pytest.raises(NotDelivered) as raised:
        schemas(known.url).by_id(7)
    assert raised.value.cause == "schema-registry-away"


def test_a_schema_registry_that_is_not_running_is_away() -> None:
    with schema_registry({}) as gone:
        url = gone.url
    with pytest.raises(NotDelivered) as raised:
        schemas(url).by_id(7)
    assert raised.value.cause == "schema-registry-away"


@pytest.mark.parametrize(
    "answer",
    [
        reply('syntax = "proto3"; message M {}', schemaType="PROTOBUF"),
        reply({"type": "object"}, schemaType="JSON"),
        reply("string"),
        reply('"string"'),
        reply({"type": "array", "items": "int"}),
        reply({"type": "record", "name": "R", "fields": [{"name": "a"}]}),
        reply({"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array"}}]}),
    ],
    ids=["protobuf", "JSON schema", "not JSON", "a string", "an array", "a field without type", "an array of nothing"],
)
def test_a_registered_schema_that_no_request_can_be_written_with_is_unknown(
    known: SchemaRegistry, answer: tuple[int, bytes]
) -> None:
    """Anybody may register such a one and send its number: it must neither stop the worker nor hold up the rest."""
    known.replies["/schemas/ids/7"] = answer
    assert schemas(known.url).by_id(7) is None


def test_the_answers_schema_is_registered_under_the_topic_of_answers(known: SchemaRegistry) -> None:
    known.replies["/subjects/flights.predictions-value/versions"] = (200, b'{"id": 41}')
    assert registered(known.url, "flights", SCHEMA) == 41
    assert json.loads(json.loads(known.posted[0])["schema"]) == SCHEMA


def test_without_a_schema_registry_there_is_no_number() -> None:
    assert registered("", "flights", SCHEMA) is None


@pytest.mark.parametrize("answer", [(409, b"{}"), (200, b"[]"), (200, b'{"id": "x"}'), (0, b"not HTTP")])
def test_a_schema_registry_that_does_not_take_the_answers_is_told(
    known: SchemaRegistry, answer: tuple[int, bytes]
) -> None:
    known.replies["/subjects/flights.predictions-value/versions"] = answer
    with pytest.raises(AnswerNotRegistered, match="does not take the schema of answers"):
        registered(known.url, "flights", SCHEMA)
