"""One task from beginning to end: what is written before it is acknowledged, and what need not be done again."""

from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import structlog
from obstore import exceptions

from headrace.batch.counting import Finishing
from headrace.batch.errors import UnknownJob, WorkersEnded
from headrace.batch.job import Failure, Plan, Receipt, Task
from headrace.batch.store import JobStore
from headrace.batch.submitting import sources_of
from headrace.clickhouse.errors import ClickHouseUnreachable
from headrace.errors import HeadraceError
from headrace.registry.errors import RegistryUnavailable
from streams.batch.parting import Parting
from streams.engine.batch import Batch, Place
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints

# Jobs whose tasks come by turns.
HELD = 4
MOST_ENDED = 3
AWAY = (RegistryUnavailable, ClickHouseUnreachable, exceptions.BaseError)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a task; acknowledged: its offset is committed already."""

    outcome: Literal["done", "failed", "not-needed"]
    rows: int = 0
    acknowledged: bool = False


NOT_NEEDED = Done(outcome="not-needed")


class Working:
    """Does tasks; runs on the source's thread."""

    def __init__(self, *, store: JobStore, parting: Parting, worker: str, failpoints: Failpoints) -> None:
        self._store, self._parting, self._worker, self._failpoints = store, parting, worker, failpoints
        self._jobs: dict[str, Finishing] = {}
        self._life, self._met = uuid4().hex[:12], set[Place]()

    def do(self, task: Task, batch: Batch) -> Done:
        """Raises NotDelivered when it is to be tried again: what it needs does not answer, or takes nothing more."""
        try:
            job = self._job(task.job)
            if task.receipt is not None:
                return self._noted(job, task.receipt, NOT_NEEDED)
            return self._attempt(job, task, batch) if self._needed(job, task) else NOT_NEEDED
        except UnknownJob:
            log.warning("task-of-unknown-job", job=task.job, part=task.part)
            return NOT_NEEDED
        except AWAY as error:
            raise NotDelivered("store-away", str(error)) from None

    def _job(self, job: str) -> Finishing:
        if job not in self._jobs:
            few = list(self._jobs.items())[-(HELD - 1) :]
            self._jobs = dict(few) | {job: Finishing(self._store, self._store.plan(job))}
        return self._jobs[job]

    def _needed(self, job: Finishing, task: Task) -> bool:
        plan = job.plan
        if not 0 <= task.part < len(plan.parts):
            return False
        if self._store.receipt(plan.job, task.part) is not None:
            # Whoever wrote the last receipt may have been killed before the manifest.
            job.finish()
            return False
        return not self._store.cancelled(plan.job)

    def _attempt(self, job: Finishing, task: Task, batch: Batch) -> Done:
        plan = job.plan
        try:
            self._begin(plan, task, batch)
            source = sources_of(self._store, plan, task.round)[plan.parts[task.part].source]
            receipt, acknowledged = self._parting.score(plan, task, source, batch, self._worker, self._store)
        except (*AWAY, NotDelivered):
            raise
        except HeadraceError as error:
            log.warning("part-failed", job=plan.job, part=task.part, reason=str(error))
            failure = Failure(part=task.part, reason=str(error), worker=self._worker)
            self._store.put_failure(plan.job, task.round, failure)
            return Done(outcome="failed")
        if receipt is None:
            return NOT_NEEDED
        return self._noted(job, receipt, Done(outcome="done", rows=receipt.rows_in, acknowledged=acknowledged))

    def _begin(self, plan: Plan, task: Task, batch: Batch) -> None:
        """Raise WorkersEnded for a part that has ended as many workers as may be.

        To look for the first task of each partition is enough: it is what whoever had the partition before left behind.
        """
        if (place := next(iter(batch.next_offsets))) in self._met:
            return
        if (others := self._store.note_begun(plan.job, task, self._life)) >= MOST_ENDED:
            raise WorkersEnded(others)
        self._met.add(place)

    def _noted(self, job: Finishing, receipt: Receipt, done: Done) -> Done:
        job.put(receipt)
        self._failpoints.passing("batch_after_receipt")
        job.finish()
        return done
