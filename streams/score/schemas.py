"""The schemas that clients write with: from the registry by fingerprint, from a schema registry by number."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from headrace.errors import HeadraceError
from headrace.registry import Registry
from headrace.registry.errors import UnknownSchema
from streams.engine.errors import NotDelivered

# An unknown schema is asked for again only after this long, or one bad client would ask at every request.
ASK_AGAIN_S = 5.0
TIMEOUT_S = 5.0
Schema = Mapping[str, Any]


class WriterSchemas:
    """Looks schemas up where they are kept and remembers them.

    A place that does not answer is no answer: the batch is read again later, no request is rejected for it.
    """

    def __init__(self, registry: Registry, schema_registry: str) -> None:
        self._registry, self._schema_registry = registry, schema_registry.rstrip("/")
        self._unknown: dict[bytes | int, float] = {}

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
                found: Schema = json.loads(json.load(reply)["schema"])
                return found
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise NotDelivered("schema-registry-away", f"it answered {error.code}") from None
        except (OSError, ValueError, KeyError) as error:
            raise NotDelivered("schema-registry-away", str(error)) from None

    def _noted(self, key: bytes | int, schema: Schema | None) -> Schema | None:
        if schema is None:
            self._unknown[key] = time.monotonic()
        return schema

    def _lately_unknown(self, key: bytes | int) -> bool:
        return time.monotonic() - self._unknown.get(key, -ASK_AGAIN_S) < ASK_AGAIN_S
