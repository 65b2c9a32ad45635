"""Starting a job, asking for its parts again, and looking on; each is safe to repeat after a crash at any place."""

from headrace.batch.counting import Counting
from headrace.batch.errors import InputUnusable, JobEnded
from headrace.batch.formats.known import Formats
from headrace.batch.job import Plan, Round, Source, Task
from headrace.batch.outputs import TOPIC, in_folder
from headrace.batch.planning import planned_parts
from headrace.batch.store import JobStore, now
from headrace.batch.tasks import known, send
from headrace.kafka.clients import KafkaAddress


class Submitting:
    """Puts jobs into the store and their tasks into Kafka."""

    def __init__(self, store: JobStore, kafka: KafkaAddress, formats: Formats) -> None:
        self._store, self._kafka, self._formats = store, kafka, formats

    def submit(self, plan: Plan) -> Plan:
        """Begin a job, or go on with it where it was begun: the plan that holds. Raises JobDiffers, JobEnded."""
        held = self._store.begin(plan)
        if self._store.cancelled(held.job):
            raise JobEnded(held.job, "cancelled")
        if self._store.manifest(held.job) is None:
            every = {part.number for part in held.parts}
            self._send(held, self._store.rounds(held.job), every, again=held is not plan)
        return held

    def retry(self, job: str, actor: str) -> Plan:
        """Ask once more for the parts that are not done; the input may have been mended.

        Of answers only for those that failed: others may be on their way. Raises JobEnded, or InputUnusable when the
        input is cut into other parts now.
        """
        plan = self._store.plan(job)
        progress = Counting(self._store, plan).progress()
        if progress.state in ("done", "cancelled"):
            raise JobEnded(job, progress.state)
        failed = {one.part for one in progress.failures}
        wanted = failed if plan.output.endswith(TOPIC) else {part.number for part in plan.parts}
        number = self._store.rounds(job) + 1
        self._store.begin_round(job, number, Round(sources=self._as_now(plan), actor=actor, at=now()))
        self._send(plan, number, wanted, again=False)
        return plan

    def _as_now(self, plan: Plan) -> tuple[Source, ...]:
        _, sources = self._formats.found(plan.input, plan.key)
        how = self._formats.called(plan.format)
        parts = planned_parts(how, sources, plan.rows_per_part, strict=not in_folder(plan))
        names = [source.name for source in sources]
        if names != [source.name for source in plan.sources] or parts != plan.parts:
            raise InputUnusable(plan.input, ["its files or their rows are others than when the job was planned"])
        return sources

    def _send(self, plan: Plan, number: int, parts: set[int], *, again: bool) -> None:
        """Whoever began to send may have been killed half-way: what the topic holds is not sent twice."""
        if again and self._store.sent(plan.job, number):
            return
        open_parts = sorted(parts - self._store.done(plan.job))
        wanted = [Task(job=plan.job, part=part, round=number) for part in open_parts]
        there = known(self._kafka) if again else set()
        send(self._kafka, [task for task in wanted if task not in there])
        self._store.note_sent(plan.job, number)


def sources_of(store: JobStore, plan: Plan, number: int) -> tuple[Source, ...]:
    """The sources as a round knows them."""
    asked = store.round(plan.job, number)
    return asked.sources if asked else plan.sources
