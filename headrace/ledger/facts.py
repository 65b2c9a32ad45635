"""What the ledger is counted from, a partition of M.requests at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockHeader:
    """The header of one log block, as far as it is counted."""

    source_partition: int
    first_offset: int
    last_offset: int
    previous_last_offset: int
    received: int
    answered: int
    rejected: int
    unidentified: int
    logged: int

    @property
    def ok(self) -> int:
        """Answers with a score."""
        return self.answered - (self.rejected - self.unidentified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Where a block meets those before it.

    covered: the last request of all blocks before (-1: none); previous: what the block says it is.
    """

    covered: int
    previous: int
    first: int
    last: int

    @property
    def odd(self) -> bool:
        """Whether something is missing here, or there twice."""
        return self.previous != self.covered or not self.previous < self.first <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSums:
    """The headers of one partition added up; last_offset -1 when there are none.

    unanswered and unlogged are added up block by block, so that two wrong blocks cannot make one right sum.
    """

    blocks: int = 0
    received: int = 0
    answered: int = 0
    rejected: int = 0
    unidentified: int = 0
    logged: int = 0
    last_offset: int = -1
    unanswered: int = 0
    unlogged: int = 0
    joints: tuple[Joint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows in ClickHouse up to the last block; duplicates_raw: what the engine has not merged yet."""

    predictions: int = 0
    rejections: int = 0
    duplicates_raw: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One partition of M.requests: its first and next offset, the scorers' next offset (None: never committed)."""

    low: int
    high: int
    committed: int | None
    waiting: int
