"""The messages of the topic `training`, keyed by model, as JSON objects with an `event`."""

from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

import msgspec

from headrace.instants import spelt


class Proposal(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="candidate-proposed"):
    """A bundle that waits for a person. request: the id of what asked for it; empty for a person's own training."""

    model: str
    version: str
    digest: str
    actor: str
    at: str
    metrics: dict[str, Any] = {}
    request: str = ""


class Rejection(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="candidate-rejected"):
    """A person decided against a candidate."""

    model: str
    version: str
    actor: str
    at: str
    reason: str


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="training-asked"):
    """Somebody wants the model trained; instants as `headrace train` takes them, empty for its defaults."""

    id: str
    model: str
    actor: str
    at: str
    reason: str
    since: str = ""
    until: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="training-failed"):
    """A request that could not be done, and why; it is not tried again."""

    model: str
    actor: str
    at: str
    request: str
    reason: str


Message: TypeAlias = Proposal | Rejection | Asked | Failed


def proposed(
    *, model: str, version: str, digest: str, actor: str, metrics: dict[str, Any], request: str = ""
) -> Proposal:
    """A proposal of this moment."""
    return Proposal(
        model=model, version=version, digest=digest, actor=actor, at=_now(), metrics=metrics, request=request
    )


def rejected(*, model: str, version: str, actor: str, reason: str) -> Rejection:
    """A rejection of this moment."""
    return Rejection(model=model, version=version, actor=actor, at=_now(), reason=reason)


def asked(*, model: str, actor: str, reason: str, since: str = "", until: str = "") -> Asked:
    """A request of this moment, under an id of its own."""
    return Asked(id=uuid4().hex, model=model, actor=actor, at=_now(), reason=reason, since=since, until=until)


def failed(*, request: Asked, actor: str, reason: str) -> Failed:
    """What became of a request that cannot be done."""
    return Failed(model=request.model, actor=actor, at=_now(), request=request.id, reason=reason)


def encode(message: Message) -> bytes:
    """As JSON."""
    return msgspec.json.encode(message)


def decode(value: bytes) -> Message | None:
    """The message; None for what is none of them, such as those of a later version."""
    try:
        return msgspec.json.decode(value, type=Proposal | Rejection | Asked | Failed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _now() -> str:
    return spelt(datetime.now(UTC), "milliseconds")
