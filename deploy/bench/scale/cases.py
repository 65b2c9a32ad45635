"""The cases: one of three numbers at a time goes away from where all begin."""

from collections.abc import Sequence
from dataclasses import dataclass

# All other cases differ from this one in one number.
WORKERS, FEATURES, BATCH_ROWS = 1, 20, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """So many workers, features, and requests in a batch at most."""

    workers: int = WORKERS
    features: int = FEATURES
    batch_rows: int = BATCH_ROWS

    @property
    def name(self) -> str:
        """What it is about."""
        if self.workers != WORKERS:
            return f"workers {self.workers}"
        if self.features != FEATURES:
            return f"features {self.features}"
        return f"batch {self.batch_rows}" if self.batch_rows != BATCH_ROWS else "base"

    def records(self, asked: int) -> int:
        """How many requests are answered: fewer of large ones, so that no case takes much longer than another."""
        return max(1, asked * (FEATURES + 80) // (self.features + 80))


def cases(workers: Sequence[int], features: Sequence[int], batches: Sequence[int]) -> list[Case]:
    """The base and then each that differs from it, once."""
    found = [Case(), *(Case(workers=n) for n in workers), *(Case(features=n) for n in features)]
    return list(dict.fromkeys([*found, *(Case(batch_rows=n) for n in batches)]))
