"""A JSON request made whole; pure."""

from datetime import datetime
from typing import Any

import msgspec

from headrace.ask.errors import NotARequest
from headrace.instants import spelt


def completed(text: str | bytes, *, request_id: str, now: datetime) -> dict[str, Any]:
    """The request of a JSON text; request_id and event_time are put in where they are missing."""
    try:
        # Not json.loads: it takes NaN, which no JSON holds.
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotARequest(str(error)) from None
    if not isinstance(given, dict):
        raise NotARequest(f"it is {type(given).__name__}")
    at = spelt(now, "milliseconds")
    return {"request_id": request_id, "event_time": at} | given


def key_of(request: dict[str, Any]) -> bytes | None:
    """The key under which a request is sent: its entity, so that one entity's requests keep their order."""
    entity = request.get("entity")
    return entity.encode() if isinstance(entity, str) else None
