"""Starting a job, asking for its parts again, and looking on; each is safe to repeat after a crash at any place."""

from headrace.batch.counting import Counting
from headrace.batch.errors import InputUnusable, JobEnded
from headrace.batch.formats.known import format_called, found
from headrace.batch.job import Plan, Round, Source, Task
from headrace.batch.outputs import prepare
from headrace.batch.planning import planned_parts
from headrace.batch.store import JobStore, now
from headrace.batch.tasks import known, send
from headrace.kafka.clients import KafkaAddress


class Submitting:
    """Puts jobs into the store and their tasks into Kafka."""

    def __init__(self, store: JobStore, kafka: KafkaAddress) -> None:
        self._store, self._kafka = store, kafka

    def submit(self, plan: Plan) -> Plan:
        """Begin a job, or go on with it where it was begun: the plan that holds. Raises JobDiffers, JobEnded."""
        prepare(plan)
        held = self._store.begin(plan)
        if self._store.cancelled(held.job):
            raise JobEnded(held.job, "cancelled")
        if self._store.manifest(held.job) is None:
            self._send(held, self._store.rounds(held.job), again=held is not plan)
        return held

    def retry(self, job: str, actor: str) -> Plan:
        """Ask once more for the parts that are not done; the input may have been mended.

        Raises JobEnded, or InputUnusable when the input is cut into other parts now.
        """
        plan = self._store.plan(job)
        state = Counting(self._store, plan).progress().state
        if state in ("done", "cancelled"):
            raise JobEnded(job, state)
        number = self._store.rounds(job) + 1
        self._store.begin_round(job, number, Round(sources=_as_now(plan), actor=actor, at=now()))
        self._send(plan, number, again=False)
        return plan

    def _send(self, plan: Plan, number: int, *, again: bool) -> None:
        """Whoever began to send may have been killed half-way: what the topic holds is not sent twice."""
        if again and self._store.sent(plan.job, number):
            return
        done = self._store.done(plan.job)
        wanted = [Task(job=plan.job, part=part.number, round=number) for part in plan.parts if part.number not in done]
        there = known(self._kafka) if again else set()
        send(self._kafka, [task for task in wanted if task not in there])
        self._store.note_sent(plan.job, number)


def sources_of(store: JobStore, plan: Plan, number: int) -> tuple[Source, ...]:
    """The sources as a round knows them."""
    asked = store.round(plan.job, number)
    return asked.sources if asked else plan.sources


def _as_now(plan: Plan) -> tuple[Source, ...]:
    _, sources = found(plan.input)
    how = format_called(plan.format)
    parts = planned_parts(how, sources, plan.rows_per_part, strict=plan.output.endswith(".predictions"))
    names = [source.name for source in sources]
    if names != [source.name for source in plan.sources] or parts != plan.parts:
        raise InputUnusable(plan.input, ["its files or their rows are others than when the job was planned"])
    return sources
