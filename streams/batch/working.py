"""One task from beginning to end: what is written before it is acknowledged, and what need not be done again."""

import time
from typing import Literal

import structlog
from obstore import exceptions

from headrace.batch.counting import finish
from headrace.batch.errors import InputUnreadable, UnknownJob
from headrace.batch.files import unchanged
from headrace.batch.fitting import Fitting
from headrace.batch.formats.known import format_called
from headrace.batch.job import Failure, Part, Plan, Receipt, Task
from headrace.batch.store import JobStore
from headrace.batch.submitting import sources_of
from headrace.errors import HeadraceError
from headrace.registry.errors import RegistryUnavailable
from streams.batch.folder import Folder
from streams.batch.memory import Budget
from streams.batch.models import Models
from streams.batch.scoring import Scoring
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints

Outcome = Literal["done", "failed", "not-needed"]
log = structlog.get_logger()


class Working:
    """Does tasks; runs on the source's thread."""

    def __init__(self, *, store: JobStore, models: Models, worker: str, budget: Budget, failpoints: Failpoints) -> None:
        self._store, self._models, self._worker = store, models, worker
        self._budget, self._failpoints = budget, failpoints
        self._plans: dict[str, Plan] = {}

    def do(self, task: Task) -> tuple[Outcome, int]:
        """What became of a task, and how many rows it had.

        Raises NotDelivered when it is to be tried again: what it needs does not answer, or takes nothing more.
        """
        try:
            plan = self._plan(task.job)
            if not self._needed(plan, task):
                return "not-needed", 0
            rows = self._attempt(plan, task)
            finish(self._store, plan)
        except UnknownJob:
            log.warning("task-of-unknown-job", job=task.job, part=task.part)
            return "not-needed", 0
        except (RegistryUnavailable, exceptions.BaseError) as error:
            raise NotDelivered("store-away", str(error)) from None
        return ("failed", 0) if rows is None else ("done", rows)

    def _plan(self, job: str) -> Plan:
        if job not in self._plans:
            self._plans = {job: self._store.plan(job)}
        return self._plans[job]

    def _needed(self, plan: Plan, task: Task) -> bool:
        if not 0 <= task.part < len(plan.parts):
            return False
        if self._store.receipt(plan.job, task.part) is not None:
            # Whoever wrote the last receipt may have been killed before the manifest.
            finish(self._store, plan)
            return False
        return not self._store.cancelled(plan.job)

    def _attempt(self, plan: Plan, task: Task) -> int | None:
        """Rows of the part; None when it failed, which is written down."""
        began, part = time.perf_counter(), plan.parts[task.part]
        try:
            receipt = self._score(plan, part, task, began)
        except (RegistryUnavailable, NotDelivered):
            raise
        except HeadraceError as error:
            log.warning("part-failed", job=plan.job, part=part.number, reason=str(error))
            failure = Failure(part=part.number, reason=str(error), worker=self._worker)
            self._store.put_failure(plan.job, task.round, failure)
            return None
        if receipt is not None:
            self._store.put_receipt(plan.job, receipt)
            self._failpoints.passing("batch_after_receipt")
        return part.rows

    def _score(self, plan: Plan, part: Part, task: Task, began: float) -> Receipt | None:
        """The receipt of a part whose output is in place; None when the job was cancelled meanwhile."""
        source, how = sources_of(self._store, plan, task.round)[part.source], format_called(plan.format)
        bundle = self._models.of(plan)
        unchanged(source)
        columns = how.columns(source)
        scoring = Scoring(Fitting(bundle.features, plan.columns), bundle.predictor, plan.threshold)
        output = Folder(plan, part, source, typed=columns.typed, failpoints=self._failpoints)
        rows = rejected = 0
        for piece in how.pieces(source, part, self._budget.rows(how.row_bytes(source))):
            self._failpoints.passing("batch_after_read")
            scored = scoring.score(piece)
            self._failpoints.passing("batch_after_score")
            output.add(scored)
            rows, rejected = rows + piece.rows.num_rows, rejected + len(scored.reasons)
        if rows != part.rows:
            raise InputUnreadable(f"{source.name} gave {rows} rows where {part.rows} were planned")
        if self._store.cancelled(plan.job):
            return None
        written, refused = output.put()
        return Receipt(
            part=part.number,
            rows_in=rows,
            rows_scored=rows - rejected,
            rows_rejected=rejected,
            output=written,
            rejected=refused,
            worker=self._worker,
            seconds=round(time.perf_counter() - began, 3),
        )
