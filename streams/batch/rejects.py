"""The rejected rows of a part."""

from headrace.batch.job import Source, Written
from headrace.registry.store import WriteOnce
from streams.batch.scoring import Scored
from streams.batch.sheet import Sheet, put_sheet, rejected_rows


class Rejects:
    """Gathers them and puts them into a store under a name; seen: rows of the part so far, rejected or not."""

    def __init__(self, store: WriteOnce, name: str, source: Source, first: int) -> None:
        self._store, self._name, self._source, self._first = store, name, source, first
        self._sheet = Sheet()
        self.seen = 0

    def add(self, scored: Scored) -> None:
        """Take the next piece."""
        if scored.reasons:
            self._sheet.add(rejected_rows(scored, self._source, self._first + self.seen))
        self.seen += scored.piece.rows.num_rows

    def put(self) -> Written | None:
        """Where they are, if there are any."""
        return put_sheet(self._store, self._name, self._sheet)
