"""Requests of clients that went wrong, drawn at random, each with what must become of it."""

import io
import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import fastavro

from tests.faults.checker import AVRO, features_of, header, request_schema
from tests.faults.tinymodel import SCHEMA

CONFLUENT = b"\x00"
# First bytes that name a format.
KNOWN = (AVRO[:1], CONFLUENT, b"{")
ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """Bytes to send; expect as the checker's sender has it; code: what its reason begins with, "" without one."""

    value: bytes | None
    expect: str
    code: str = ""


class Clients:
    """Makes requests of one model; an identified one carries the name that it was asked for."""

    def __init__(self, model: str, chance: random.Random) -> None:
        schema = request_schema(model, SCHEMA)
        self._prefix, self._schema = header(schema), fastavro.parse_schema(schema)
        self.chance = chance

    def record(self, name: str, **features: Any) -> dict[str, Any]:
        """A good request but for these features; ABSENT leaves one out."""
        given = features_of(self.chance.randrange(10_000)) | {"count": 3} | features
        kept = {feature: value for feature, value in given.items() if value is not ABSENT}
        return {"request_id": name, "event_time": time.time_ns() // 1_000_000, "entity": "e", "features": kept}

    def json(self, name: str, **features: Any) -> bytes:
        """As JSON; Python writes NaN and Infinity as some clients do."""
        return json.dumps(self.record(name, **features)).encode()

    def avro(self, name: str, **features: Any) -> bytes:
        """In Avro single-object encoding."""
        body = io.BytesIO()
        fastavro.schemaless_writer(body, self._schema, self.record(name, **features))
        return self._prefix + body.getvalue()

    # what nobody can read

    def random_bytes(self, name: str) -> Bad:
        """Anything but a beginning that names a format."""
        value = self.chance.randbytes(self.chance.randint(1, 300))
        return Bad(
            value=b"\x07" + value[1:] if value[:1] in KNOWN else value, expect="unidentified", code="unknown-format"
        )

    def wrong_magic(self, name: str) -> Bad:
        """A good message with another mark before it."""
        mark = bytes([self.chance.choice((0xC2, 0xC3, 0x01, 0x4F)), self.chance.randint(2, 255)])
        return Bad(value=mark + self.avro(name)[2:], expect="unidentified", code="unknown-format")

    def truncated_avro(self, name: str) -> Bad:
        """Cut anywhere; identified once the request_id is whole."""
        whole = self.avro(name)
        cut = self.chance.randrange(1, len(whole))
        head = len(self._prefix)
        expect = "rejected" if cut >= head + 1 + len(name) else "unidentified"
        return Bad(value=whole[:cut], expect=expect, code="truncated" if cut >= head else "unknown-format")

    def truncated_json(self, name: str) -> Bad:
        """Cut anywhere; identified once the request_id is whole, which comes first here."""
        whole = self.json(name)
        cut = self.chance.randrange(1, len(whole))
        expect = "rejected" if cut >= whole.index(b",") else "unidentified"
        return Bad(value=whole[:cut], expect=expect, code="truncated")

    def nothing(self, name: str) -> Bad:
        """No bytes, or not even that."""
        return Bad(value=self.chance.choice((b"", None)), expect="unidentified", code="empty")

    def unknown_fingerprint(self, name: str) -> Bad:
        """Written with a schema that nobody registered."""
        value = AVRO + self.chance.randbytes(8) + self.avro(name)[10:]
        return Bad(value=value, expect="unidentified", code="unknown-schema")

    def unknown_number(self, name: str) -> Bad:
        """Confluent framing where there is no schema registry."""
        value = CONFLUENT + self.chance.randbytes(4) + self.avro(name)[10:]
        return Bad(value=value, expect="unidentified", code="unknown-schema")

    # what can be read and has a value that cannot be

    def values(self) -> Mapping[str, Callable[[str], Bad]]:
        """Kind of value -> maker; what is documented to have a default, or to be scored as it is, is scored."""
        refused = {
            "json-nan": ({"amount": math.nan}, "malformed"),
            "json-infinity": ({"amount": -math.inf}, "malformed"),
            "json-null": ({"amount": None}, "missing-feature"),
            "json-missing": ({"amount": ABSENT}, "missing-feature"),
            "json-extra": ({"surprise": 1}, "unexpected-field"),
            "json-symbol": ({"side": "middle"}, "invalid-feature"),
            "json-overflow": ({"count": 2**63}, "invalid-feature"),
            "json-huge-overflow": ({"count": 10**60}, "invalid-feature"),
            "json-fraction": ({"count": 1.5}, "invalid-feature"),
            "json-text": ({"amount": "1.5"}, "invalid-feature"),
            "json-number-for-boolean": ({"night": 1}, "invalid-feature"),
        }
        refused_avro = {
            "avro-nan": ({"amount": math.nan}, "invalid-feature"),
            "avro-infinity": ({"amount": self.chance.choice((math.inf, -math.inf))}, "invalid-feature"),
        }
        taken = {
            "null": {"count": None},
            "missing": {"count": ABSENT},
            "unseen": {"colour": f"never seen {self.chance.random()}"},
            "large": {"amount": self.chance.choice((-1.7e308, 1.7e308))},
            "small": {"amount": self.chance.choice((-0.0, 5e-324))},
            "longest": {"count": self.chance.choice((2**63 - 1, -(2**63)))},
        }
        makers: dict[str, Callable[[str], Bad]] = {"json-1e999": self._json_1e999, "avro-symbol": self._avro_symbol}
        for kind, (features, code) in refused.items():
            makers[kind] = _maker(self.json, features, "rejected", code)
        for kind, (features, code) in refused_avro.items():
            makers[kind] = _maker(self.avro, features, "rejected", code)
        for kind, features in taken.items():
            makers[f"json-{kind}"] = _maker(self.json, features, "ok", "")
            makers[f"avro-{kind}"] = _maker(self.avro, features, "ok", "")
        return makers

    def _json_1e999(self, name: str) -> Bad:
        value = self.json(name, amount=0.125).replace(b"0.125", b"1e999")
        return Bad(value=value, expect="rejected", code="invalid-feature")

    def _avro_symbol(self, name: str) -> Bad:
        """The last byte is the symbol's place in the enum; there is no such place."""
        return Bad(value=self.avro(name)[:-1] + b"\x0e", expect="rejected", code="malformed")


def _maker(write: Callable[..., bytes], features: Mapping[str, Any], expect: str, code: str) -> Callable[[str], Bad]:
    return lambda name: Bad(value=write(name, **features), expect=expect, code=code)
