"""A feature set like the one of the flights example, and requests for it."""

import io
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fastavro
import pytest

from headrace.features import FeatureSet
from headrace.wire import framing
from headrace.wire.request import RequestReader, request_schema

FEATURES: dict[str, Any] = {
    "type": "record",
    "name": "Features",
    "fields": [
        {"name": "dep_delay", "type": "int"},
        {"name": "distance", "type": "double"},
        {"name": "carrier", "type": "string"},
        {"name": "origin", "type": {"type": "enum", "name": "Origin", "symbols": ["EWR", "JFK", "LGA"]}},
        {"name": "seats", "type": ["null", "int"], "default": None},
        {"name": "temp", "type": ["null", "double"], "default": None},
        {"name": "gust", "type": ["null", "float"], "default": None},
        {"name": "heavy", "type": "boolean", "default": False},
        {"name": "built", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
        {"name": "filed", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 0},
        {"name": "miles", "type": "long"},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}


class Schemas:
    """Schemas by fingerprint and by number, in memory."""

    def __init__(self, *known: Mapping[str, Any], numbered: Mapping[int, Mapping[str, Any]] | None = None) -> None:
        self._known = {framing.fingerprint(schema): schema for schema in known}
        self._numbered = dict(numbered or {})

    def by_fingerprint(self, mark: bytes) -> Mapping[str, Any] | None:
        return self._known.get(mark)

    def by_id(self, number: int) -> Mapping[str, Any] | None:
        return self._numbered.get(number)


def avro(schema: Mapping[str, Any], value: Mapping[str, Any]) -> bytes:
    """The body of one message, written by fastavro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), value)
    return out.getvalue()


def single(schema: Mapping[str, Any], value: Mapping[str, Any]) -> bytes:
    """One message in single-object encoding."""
    return framing.single_object(framing.fingerprint(schema)) + avro(schema, value)


def requests(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Requests as plain values, times as the integers that Avro writes."""
    rnd = random.Random(seed)
    return [
        {
            "request_id": f"2013-01-01-{rnd.choice(('UA', 'B6'))}{rnd.randint(1, 9999)}-{row:04d}",
            "event_time": 1_357_000_000_000 + row,
            "entity": rnd.choice((None, "N123", "Ñ4567")),
            "features": {
                "dep_delay": rnd.randint(-30, 300),
                "distance": rnd.randint(80, 5000) / 2,
                "carrier": rnd.choice(("UA", "AA", "9E", "")),
                "origin": rnd.choice(("EWR", "JFK", "LGA")),
                "seats": rnd.choice((None, 55, 379)),
                "temp": rnd.choice((None, 39.02, -4.5)),
                "gust": rnd.choice((None, 24.5)),
                "heavy": rnd.random() < 0.5,
                "built": rnd.choice((None, 12_000)),
                "filed": 1_356_000_000_000 + row,
                "miles": rnd.choice((0, -1, 2**62, 5)),
                "note": rnd.choice((None, "", "größer", "x" * 40)),
            },
        }
        for row in range(count)
    ]


@pytest.fixture
def feature_set() -> FeatureSet:
    return FeatureSet.parse(FEATURES)


@pytest.fixture
def schema(feature_set: FeatureSet) -> dict[str, Any]:
    return request_schema("flights", feature_set)


@pytest.fixture
def reader(feature_set: FeatureSet, schema: dict[str, Any]) -> RequestReader:
    return RequestReader("flights", feature_set, Schemas(numbered={7: schema}))


@pytest.fixture
def make() -> Callable[[int], Sequence[dict[str, Any]]]:
    return requests
