"""A few bad requests for the demo, each bad in its own way, and how many of them can be told so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequest:
    """A message that cannot be scored; identified: it has a request_id that can be read."""

    what: str
    value: bytes
    identified: bool


def bad_requests(good_avro: bytes, good_features: dict[str, Any]) -> Sequence[BadRequest]:
    """One of each kind, made of a good request."""

    def as_json(what: str, features: dict[str, Any], **more: Any) -> BadRequest:
        body = {"request_id": f"bad-{what}", "event_time": "2013-02-01T12:00:00Z", "features": features, **more}
        return BadRequest(what=what, value=json.dumps(body).encode(), identified=True)

    without = {name: value for name, value in good_features.items() if name != "carrier"}
    return (
        BadRequest(what="random-bytes", value=bytes(range(200, 255)), identified=False),
        BadRequest(what="truncated-avro", value=good_avro[:-9], identified=True),
        BadRequest(what="unknown-fingerprint", value=b"\xc3\x01" + b"\x07" * 8 + good_avro[10:], identified=False),
        as_json("missing-feature", without),
        as_json("unexpected-feature", {**good_features, "colour": "blue"}),
        as_json("mistyped-feature", {**good_features, "distance": "far"}),
        BadRequest(what="not-json", value=b'{"request_id": "bad-not-json", ', identified=True),
    )
