"""How much is measured."""

from dataclasses import dataclass

# Of the requests so many (1 in …) are answered before the clock starts: assignment, first fetches, warm caches.
WARM_SHARE = 6
# Stock Faust answers one request at a time: this share is enough for seconds of measuring.
STOCK_SHARE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of one run of the bench."""

    records: int
    rounds: int
    batch_rows: int

    @property
    def stock_records(self) -> int:
        """How many requests stock Faust answers."""
        return min(self.records, max(600, self.records // STOCK_SHARE))


def warm_of(records: int) -> int:
    """How many answers come before the clock starts."""
    return records // WARM_SHARE
