"""The schemas that clients write with: from the registry by fingerprint, from a schema registry by number."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from headrace import topics
from headrace.errors import HeadraceError
from headrace.registry.errors import UnknownSchema
from headrace.wire.avro_schema import parse_record
from streams.engine.errors import NotDelivered
from streams.score.errors import AnswerNotRegistered

# An unknown schema is asked for again only after this long, or one bad client would ask at every request.
ASK_AGAIN_S = 5.0
TIMEOUT_S = 5.0
Schema = Mapping[str, Any]


class Stored(Protocol):
    """Keeps schemas by fingerprint: the registry, or what of it is in this image."""

    def schema(self, mark: bytes) -> dict[str, Any]:
        """The schema; raises UnknownSchema when it is not there, another HeadraceError when nobody knows."""


def registered(schema_registry: str, model: str, answer: Schema) -> int | None:
    """The number of the answer schema in the schema registry, registered if need be; None where none is configured."""
    if not schema_registry:
        return None
    url = f"{schema_registry.rstrip('/')}/subjects/{topics.predictions(model)}-value/versions"
    body = json.dumps({"schema": json.dumps(answer)}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
            return int(json.load(reply)["id"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise AnswerNotRegistered(schema_registry, f"{type(error).__name__}: {error}") from None


class WriterSchemas:
    """Looks schemas up where they are kept and remembers them.

    A place that does not answer is no answer: the batch is read again later, no request is rejected for it.
    """

    def __init__(self, registry: Stored, schema_registry: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry, self._schema_registry = registry, schema_registry.rstrip("/")
        self._clock = clock
        self._unknown: dict[bytes | int, float] = {}

    @property
    def remembered(self) -> int:
        """How many unknown schemas are remembered."""
        return len(self._unknown)

    def by_fingerprint(self, mark: bytes) -> Schema | None:
        """The schema with this CRC-64-AVRO fingerprint."""
        return None if self._lately_unknown(mark) else self._noted(mark, self._stored(mark))

    def by_id(self, number: int) -> Schema | None:
        """The schema with this number in the schema registry."""
        if not self._schema_registry or self._lately_unknown(number):
            return None
        return self._noted(number, self._registered(number))

    def _stored(self, mark: bytes) -> Schema | None:
        try:
            return self._registry.schema(mark)
        except UnknownSchema:
            return None
        except HeadraceError as error:
            raise NotDelivered("registry-away", str(error)) from None

    def _registered(self, number: int) -> Schema | None:
        try:
            with urllib.request.urlopen(f"{self._schema_registry}/schemas/ids/{number}", timeout=TIMEOUT_S) as reply:
                body = json.load(reply)
                text, kind = body["schema"], body.get("schemaType", "AVRO")
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                raise NotDelivered("schema-registry-away", f"it answered {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise NotDelivered("schema-registry-away", f"{type(error).__name__}: {error}") from None
        return _parsed(text) if kind == "AVRO" else None

    def _noted(self, key: bytes | int, schema: Schema | None) -> Schema | None:
        if schema is None or not _usable(schema):
            self._remember(key)
            return None
        return schema

    def _remember(self, key: bytes | int) -> None:
        """Note an unknown schema; the oldest stand first and are dropped when they would be asked for again."""
        now = self._clock()
        while self._unknown and now - next(iter(self._unknown.values())) >= ASK_AGAIN_S:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[key] = now

    def _lately_unknown(self, key: bytes | int) -> bool:
        noted = self._unknown.get(key)
        return noted is not None and self._clock() - noted < ASK_AGAIN_S


def _parsed(text: Any) -> Schema | None:
    try:
        found: Schema = json.loads(text)
    except (ValueError, TypeError):
        return None
    return found


def _usable(schema: Any) -> bool:
    """Whether requests can be written with it. Anybody may register anything: a bad one concerns its writer alone."""
    try:
        parse_record(schema)
    except (HeadraceError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True
