"""One part from its source to its output."""

import time

from msgspec.structs import replace

from headrace.batch.errors import InputUnreadable
from headrace.batch.fitting import Fitting
from headrace.batch.formats.known import Formats
from headrace.batch.formats.piece import Columns, Format
from headrace.batch.job import Plan, Receipt, Source, Task
from headrace.batch.store import JobStore
from streams.batch.memory import Budget
from streams.batch.models import Models
from streams.batch.output import Output, Outputs
from streams.batch.scoring import Scoring
from streams.engine.batch import Batch
from streams.engine.failpoint import Failpoints


class Parting:
    """Scores parts, piece after piece, and puts their outputs in place."""

    def __init__(
        self, *, models: Models, formats: Formats, outputs: Outputs, budget: Budget, failpoints: Failpoints
    ) -> None:
        self._models, self._formats, self._outputs = models, formats, outputs
        self._budget, self._failpoints = budget, failpoints
        self._columns: dict[Source, Columns] = {}

    def score(
        self, plan: Plan, task: Task, source: Source, batch: Batch, worker: str, store: JobStore
    ) -> tuple[Receipt | None, bool]:
        """The receipt of a part whose output is in place, and whether its task is acknowledged by that.

        None when the job was cancelled meanwhile. Raises InputUnreadable, or whatever stands against its output.
        """
        began, how = time.perf_counter(), self._formats.called(plan.format)
        how.unchanged(source)
        bundle = self._models.of(plan)
        scoring = Scoring(Fitting(bundle.features, plan.columns), bundle.predictor, plan.threshold)
        output = self._outputs.of(plan, task, source, typed=self._known(how, source).typed, batch=batch)
        rows, rejected = self._pieces(plan, task, source, scoring, output)
        if store.cancelled(plan.job):
            return None, False
        receipt = Receipt(
            part=task.part,
            rows_in=rows,
            rows_scored=rows - rejected,
            rows_rejected=rejected,
            worker=worker,
            seconds=0.0,
        )
        self._failpoints.passing("batch_before_write")
        whole = output.put(receipt)
        self._failpoints.passing("batch_after_write")
        if whole is None:
            return None, False
        return replace(whole, seconds=round(time.perf_counter() - began, 3)), output.acknowledges

    def _pieces(self, plan: Plan, task: Task, source: Source, scoring: Scoring, output: Output) -> tuple[int, int]:
        """Rows read, and of those rejected; as many as were planned."""
        part, how = plan.parts[task.part], self._formats.called(plan.format)
        rows = rejected = 0
        for piece in how.pieces(source, part, self._budget.rows(self._known(how, source).row_bytes)):
            self._failpoints.passing("batch_after_read")
            scored = scoring.score(piece)
            self._failpoints.passing("batch_after_score")
            output.add(scored)
            rows, rejected = rows + piece.rows.num_rows, rejected + len(scored.reasons)
        if rows != part.rows:
            raise InputUnreadable(f"{source.name} gave {rows} rows where {part.rows} were planned")
        return rows, rejected

    def _known(self, how: Format, source: Source) -> Columns:
        """A source is the same for all its parts, and so are its columns."""
        if source not in self._columns:
            self._columns = {source: how.columns(source)}
        return self._columns[source]
