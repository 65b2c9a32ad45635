"""The ledger as it is shown."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRow:
    """One partition of M.requests; partition None is the sum of all."""

    partition: int | None
    received: int = 0
    answered: int = 0
    ok: int = 0
    rejected: int = 0
    unidentified: int = 0
    logged: int = 0
    rows: int = 0
    waiting: int = 0
    on_the_way: int = 0
    duplicates_raw: int = 0
    duplicates: int = 0
    unaccounted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A place where the count does not come out: by how many requests, and in words; partition None: unknown."""

    partition: int | None
    count: int
    words: str

    def __str__(self) -> str:
        return self.words if self.partition is None else f"partition {self.partition}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """The count of one model."""

    model: str
    partitions: tuple[PartitionRow, ...]
    total: PartitionRow
    faults: tuple[Fault, ...]

    @property
    def unaccounted(self) -> int:
        """0, or a bug."""
        return self.total.unaccounted

    @property
    def settled(self) -> bool:
        """Whether nothing waits and nothing is on the way."""
        return not (self.total.waiting or self.total.on_the_way)

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON: the totals on top, partitions and breaks below."""
        sums = {name: value for name, value in asdict(self.total).items() if name != "partition"}
        partitions = [asdict(line) for line in self.partitions]
        return {"model": self.model, **sums, "partitions": partitions, "breaks": [str(fault) for fault in self.faults]}


def total(lines: Iterable[PartitionRow]) -> PartitionRow:
    """The sum of some partitions."""
    lines = tuple(lines)
    names = [field.name for field in fields(PartitionRow) if field.name != "partition"]
    return PartitionRow(partition=None, **{name: sum(getattr(line, name) for line in lines) for name in names})
