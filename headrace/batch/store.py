"""The documents of jobs in the object store that holds the bundles; created once, never overwritten."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from headrace.batch.errors import BatchError, JobDiffers, UnknownJob
from headrace.batch.job import Ended, Failure, Manifest, Plan, Receipt, Round, Task
from headrace.instants import spelt
from headrace.registry.store import WriteOnce

T = TypeVar("T", bound=msgspec.Struct)


class JobStore:
    """jobs/<job>/…; job.py says what there is."""

    def __init__(self, store: WriteOnce) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> "JobStore":
        """A local folder, or s3://…, gs://…, az://…"""
        return cls(WriteOnce(url, "job store"))

    def jobs(self) -> list[str]:
        """Every job, by name."""
        names = (name.split("/") for name in self._store.names("jobs"))
        return sorted({parts[1] for parts in names if parts[2:] == ["plan.json"]})

    def plan(self, job: str) -> Plan:
        """Raises UnknownJob."""
        found = self._read(job, "plan.json", Plan)
        if found is None:
            raise UnknownJob(job)
        return found

    def begin(self, plan: Plan) -> Plan:
        """Store a plan; the one that is there already, if it is the same job. Raises JobDiffers."""
        if self._claim(plan.job, "plan.json", plan.encode()):
            return plan
        found = self.plan(plan.job)
        if found.content != plan.content:
            raise JobDiffers(plan.job)
        return found

    def rounds(self, job: str) -> int:
        """The number of the latest round."""
        return max((int(name.partition(".")[0]) for name in self._names(job, "rounds")), default=0)

    def round(self, job: str, number: int) -> Round | None:
        """A round later than the first."""
        return self._read(job, f"rounds/{number}.json", Round) if number else None

    def begin_round(self, job: str, number: int, asked: Round) -> bool:
        """Whether this call began it."""
        return self._claim(job, f"rounds/{number}.json", asked.encode())

    def sent(self, job: str, number: int) -> bool:
        """Whether all tasks of a round are in Kafka."""
        return f"{number}.json" in self._names(job, "sent")

    def note_sent(self, job: str, number: int) -> None:
        """All tasks of a round are in Kafka."""
        self._claim(job, f"sent/{number}.json", b"{}")

    def done(self, job: str) -> set[int]:
        """Parts that have a receipt."""
        return {int(name.partition(".")[0]) for name in self._names(job, "parts")}

    def receipt(self, job: str, part: int) -> Receipt | None:
        """A part's receipt."""
        return self._read(job, f"parts/{part}.json", Receipt)

    def claim_part(self, job: str, task: Task, place: str) -> bool:
        """Whether the task at this place on its topic is the one of its round that may send a part's answers."""
        name = f"claims/{task.round}/{task.part}"
        return self._claim(job, name, place.encode()) or self._store.read(f"jobs/{job}/{name}") == place.encode()

    def note_begun(self, job: str, task: Task, life: str) -> int:
        """Note that a process begins with a part; how many others have begun with it in this round."""
        folder = f"begun/{task.round}/{task.part}"
        others = [name for name in self._names(job, folder) if name != life]
        self._claim(job, f"{folder}/{life}", b"{}")
        return len(others)

    def put_receipt(self, job: str, receipt: Receipt) -> bool:
        """Whether this is the first one of its part, which counts."""
        return self._claim(job, f"parts/{receipt.part}.json", receipt.encode())

    def failures(self, job: str, number: int) -> Iterator[Failure]:
        """What failed in a round, by part."""
        for name in sorted(self._names(job, f"failures/{number}"), key=lambda name: int(name.partition(".")[0])):
            if found := self._read(job, f"failures/{number}/{name}", Failure):
                yield found

    def put_failure(self, job: str, number: int, failure: Failure) -> None:
        """The first one of a round counts."""
        self._claim(job, f"failures/{number}/{failure.part}.json", failure.encode())

    def cancelled(self, job: str) -> bool:
        """Whether nobody shall go on with it."""
        return self._read(job, "cancelled.json", Ended) is not None

    def cancel(self, job: str, actor: str) -> None:
        """Nobody shall go on with it."""
        self._claim(job, "cancelled.json", Ended(actor=actor, at=now()).encode())

    def manifest(self, job: str) -> Manifest | None:
        """What ended the job; None while it is not done."""
        return self._read(job, "manifest.json", Manifest)

    def put_manifest(self, manifest: Manifest) -> None:
        """The first one counts."""
        self._claim(manifest.job, "manifest.json", manifest.encode())

    def _claim(self, job: str, name: str, content: bytes) -> bool:
        return self._store.claim(f"jobs/{job}/{name}", content)

    def _names(self, job: str, folder: str) -> list[str]:
        prefix = f"jobs/{job}/{folder}"
        return [name.removeprefix(f"{prefix}/") for name in self._store.names(prefix)]

    def _read(self, job: str, name: str, kind: type[T]) -> T | None:
        raw = self._store.read(f"jobs/{job}/{name}")
        try:
            return None if raw is None else msgspec.json.decode(raw, type=kind)
        except msgspec.MsgspecError as error:
            raise BatchError(f"{name} of the job {job} is damaged: {error}") from None


def now() -> str:
    """This instant as ISO-8601 in UTC."""
    return spelt(datetime.now(UTC))
