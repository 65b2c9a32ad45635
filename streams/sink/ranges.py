"""Which log blocks or events go into ClickHouse in one insert; pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Place = tuple[str, int]


class Placed(Protocol):
    """Something read from Kafka: where it stood, how many rows it holds, and which columns they have."""

    @property
    def offset(self) -> int: ...

    @property
    def rows(self) -> int: ...

    @property
    def shape(self) -> Any: ...


P = TypeVar("P", bound=Placed)


NOTE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Consecutive records of one partition, first and last included."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def token(self) -> str:
        """Made from the range alone, so that whoever repeats the insert repeats the token."""
        return f"{self.topic}/{self.partition}/{self.note}"

    @property
    def place(self) -> Place:
        """Topic and partition."""
        return self.topic, self.partition

    @property
    def note(self) -> str:
        """What is kept of it beside the partition's offset."""
        return f"{self.first}-{self.last}"

    @classmethod
    def noted(cls, place: Place, note: str) -> "Range | None":
        """What a note of this place says; None when it says nothing."""
        found = NOTE.fullmatch(note)
        if found is None:
            return None
        return cls(topic=place[0], partition=place[1], first=int(found[1]), last=int(found[2]))


def spans(placed: Iterable[P], most_rows: int) -> Iterator[Sequence[P]]:
    """Cut a partition's blocks, in order, into runs of one shape and at most `most_rows` rows (a larger block alone).

    Of one shape, for a column that rows lack is filled by the table's default only where the whole insert lacks it.
    Blocks are taken as they are needed, so that no more of them are in memory than one run has.
    """
    run: list[P] = []
    rows = 0
    for one in placed:
        if run and (rows + one.rows > most_rows or one.shape != run[0].shape):
            yield run
            run, rows = [], 0
        run.append(one)
        rows += one.rows
    if run:
        yield run
