"""How much is measured."""

from dataclasses import dataclass

from deploy.bench.roster import Entry

# Of the requests so many (1 in …) are answered before the clock starts: assignment, first fetches, warm caches.
WARM_SHARE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of one run of the bench."""

    records: int
    rounds: int
    batch_rows: int

    def records_of(self, entry: Entry) -> int:
        """How many requests a contender answers."""
        return min(self.records, max(entry.least, self.records // entry.share))


def warm_of(records: int) -> int:
    """How many answers come before the clock starts."""
    return records // WARM_SHARE
