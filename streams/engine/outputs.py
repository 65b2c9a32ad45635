"""What one batch gives to Kafka, whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record that needs a partition or headers of its own."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = -1
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Many plain messages of one topic ({"key", "value"} each), and some single records."""

    topic: str
    messages: list[dict[str, Any]]
    records: Sequence[Record] = ()
