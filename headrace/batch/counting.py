"""A job's ledger: how far it is, from what its workers wrote down, and the manifest that ends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.batch.job import Failure, Manifest, Plan, Receipt, State
from headrace.batch.outputs import put_manifest
from headrace.batch.store import JobStore, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is; receipts in the order of their parts."""

    plan: Plan
    state: State
    receipts: Sequence[Receipt]
    failures: Sequence[Failure]
    manifest: Manifest | None = None

    @property
    def rows_in(self) -> int:
        """Rows of the parts that are done."""
        return sum(one.rows_in for one in self.receipts)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; seconds is that of a finished job."""
        plan = self.plan
        return {
            "job": plan.job,
            "state": self.state,
            "model": plan.model,
            "version": plan.version,
            "release": plan.release,
            "input": plan.input,
            "output": plan.output,
            "rows": plan.rows,
            "rows_in": self.rows_in,
            "rows_scored": sum(one.rows_scored for one in self.receipts),
            "rows_rejected": sum(one.rows_rejected for one in self.receipts),
            "parts": len(plan.parts),
            "parts_done": len(self.receipts),
            "parts_failed": [{"part": one.part, "reason": one.reason} for one in self.failures],
            "seconds": self.manifest.seconds if self.manifest else None,
        }


class Counting:
    """Counts one job; a receipt that was read once is not read again."""

    def __init__(self, store: JobStore, plan: Plan) -> None:
        self._store, self._plan = store, plan
        self._receipts: dict[int, Receipt] = {}

    def progress(self) -> Progress:
        """How far the job is now; ends it where all is done and whoever was to say so is gone."""
        manifest = self._store.manifest(self._plan.job)
        self._read(manifest)
        failures = [] if manifest else self._failures()
        if manifest is None and self._whole:
            manifest = finish(self._store, self._plan, self._receipts)
        return Progress(
            plan=self._plan,
            state=self._state(manifest, failures),
            receipts=[self._receipts[number] for number in sorted(self._receipts)],
            failures=failures,
            manifest=manifest,
        )

    @property
    def _whole(self) -> bool:
        return len(self._receipts) == len(self._plan.parts)

    def _read(self, manifest: Manifest | None) -> None:
        if manifest is not None:
            self._receipts = {one.part: one for one in manifest.parts}
            return
        for number in self._store.done(self._plan.job) - self._receipts.keys():
            if found := self._store.receipt(self._plan.job, number):
                self._receipts[number] = found

    def _failures(self) -> list[Failure]:
        job = self._plan.job
        found = self._store.failures(job, self._store.rounds(job))
        return [one for one in found if one.part not in self._receipts]

    def _state(self, manifest: Manifest | None, failures: Sequence[Failure]) -> State:
        if manifest:
            return "done"
        if self._store.cancelled(self._plan.job):
            return "cancelled"
        missing = len(self._plan.parts) - len(self._receipts)
        return "failed" if missing and len(failures) == missing else "running"


class Finishing:
    """Ends a job behind its last part.

    One part that is not known to be done shows that a job is not at its end, so that only this one is asked for, and
    the last ones first: to list all parts behind each would take longer and longer.
    """

    def __init__(self, store: JobStore, plan: Plan) -> None:
        self._store, self.plan = store, plan
        self._open = [part.number for part in plan.parts]
        self._receipts: dict[int, Receipt] = {}

    def put(self, receipt: Receipt) -> None:
        """Store a receipt, the first one of its part; it need not be read again."""
        if self._store.put_receipt(self.plan.job, receipt):
            self._receipts[receipt.part] = receipt

    def finish(self) -> Manifest | None:
        """Write the manifest if every part has its receipt; None when one is missing or the job was cancelled."""
        while self._open:
            number = self._open[-1]
            found = self._receipts.get(number) or self._store.receipt(self.plan.job, number)
            if found is None:
                return None
            self._receipts[self._open.pop()] = found
        return finish(self._store, self.plan, self._receipts)


def finish(store: JobStore, plan: Plan, every: Mapping[int, Receipt]) -> Manifest | None:
    """Write the manifest of a job all of whose receipts are there; None when it was cancelled.

    Beside the output as well, where there is a beside: first there, so that a job that is done has it.
    """
    if store.cancelled(plan.job):
        return None
    receipts = tuple(every[part.number] for part in plan.parts)
    finished = now()
    manifest = Manifest(
        job=plan.job,
        model=plan.model,
        version=plan.version,
        digest=plan.digest,
        release=plan.release,
        threshold=plan.threshold,
        input=plan.input,
        output=plan.output,
        rows_in=sum(one.rows_in for one in receipts),
        rows_scored=sum(one.rows_scored for one in receipts),
        rows_rejected=sum(one.rows_rejected for one in receipts),
        parts=receipts,
        submitted_at=plan.submitted_at,
        finished_at=finished,
        seconds=round(_instant(finished) - _instant(plan.submitted_at), 3),
    )
    store.put_manifest(put_manifest(plan, manifest))
    return store.manifest(plan.job)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
