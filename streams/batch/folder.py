"""The output as files: one Parquet file a part, created once."""

from msgspec.structs import replace

from headrace.batch.job import Part, Plan, Receipt, Source
from headrace.batch.outputs import rejected_name, scored_name
from headrace.registry.store import WriteOnce
from streams.batch.rejects import Rejects
from streams.batch.scoring import Scored
from streams.batch.sheet import Sheet, put_sheet, scored_rows


class FolderOutput:
    """Gathers a part and puts it in place whole."""

    acknowledges = False

    def __init__(self, plan: Plan, part: Part, source: Source, *, typed: bool) -> None:
        self._store = WriteOnce(plan.output, "output")
        self._name, self._typed = scored_name(plan, part), typed
        self._scored = Sheet()
        self._rejects = Rejects(self._store, rejected_name(plan, part), source, part.first)

    def add(self, scored: Scored) -> None:
        """Take the next piece."""
        self._scored.add(scored_rows(scored, typed=self._typed))
        self._rejects.add(scored)

    def put(self, receipt: Receipt) -> Receipt | None:
        """The receipt with the output and the rejected rows, where there are any."""
        written = put_sheet(self._store, self._name, self._scored)
        return replace(receipt, output=written, rejected=self._rejects.put())
