"""What one batch gives to Kafka, whole or not at all."""

from collections.abc import Callable, Iterable, Iterator
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


class Later:
    """Records that are made when they are asked for: by then the plain messages are on their way to the brokers."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Iterator[Record]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Record]:
        return self._make()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Many plain messages of one topic ({"key", "value"} each), and some single records."""

    topic: str
    messages: list[dict[str, Any]]
    records: Iterable[Record] = ()
