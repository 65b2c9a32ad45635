"""The registry's schemas, in memory."""

from collections.abc import Mapping
from typing import Any

from headrace.registry import RegistryUnavailable, UnknownSchema
from headrace.wire.framing import fingerprint


class FakeRegistry:
    """Schemas by fingerprint; `away` makes it answer nothing."""

    def __init__(self, *schemas: Mapping[str, Any]) -> None:
        self.schemas = {fingerprint(schema): dict(schema) for schema in schemas}
        self.away = False
        self.asked: list[bytes] = []

    def schema(self, mark: bytes) -> dict[str, Any]:
        self.asked.append(mark)
        if self.away:
            raise RegistryUnavailable("the registry does not answer")
        if mark not in self.schemas:
            raise UnknownSchema(f"no schema {mark.hex()}")
        return self.schemas[mark]
