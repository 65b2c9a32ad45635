"""Which log blocks go into ClickHouse in one insert; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Place = tuple[str, int]


class Placed(Protocol):
    """Something read from Kafka: where it stood and how many rows it holds."""

    @property
    def offset(self) -> int: ...

    @property
    def rows(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Consecutive log blocks of one partition, first and last included."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def token(self) -> str:
        """Made from the range alone, so that whoever repeats the insert repeats the token."""
        return f"{self.topic}/{self.partition}/{self.first}-{self.last}"


def spans(placed: Iterable[P], most_rows: int) -> list[Sequence[P]]:
    """Cut a partition's blocks, in order, into runs of at most `most_rows` rows (a larger block stands alone)."""
    runs: list[list[P]] = []
    rows = 0
    for one in placed:
        if not runs or rows + one.rows > most_rows:
            runs.append([])
            rows = 0
        runs[-1].append(one)
        rows += one.rows
    return list(runs)
