"""The output as answers on M.predictions: a part's answers and its offset in one transaction."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from headrace import topics
from headrace.batch.job import Part, Plan, Receipt, Task, Written
from headrace.batch.store import JobStore
from headrace.batch.tasks import encoded
from headrace.wire.answer import Answers, AnswerWriter, read_schema
from headrace.wire.framing import Format
from streams.batch.rejects import Rejects
from streams.batch.scoring import Scored
from streams.engine.batch import Batch
from streams.engine.outputs import Outputs, Record

VARIANT = "batch"
INSTANT = pa.timestamp("ms", tz="UTC")
Deliver = Callable[[Batch, Outputs], None]


class AnswersOutput:
    """Gathers a part's answers.

    Beside them the receipt goes onto the topic of tasks, in the same transaction: a worker that is killed after the
    commit and before it could store the receipt has left it there.
    """

    acknowledges = True

    def __init__(
        self, plan: Plan, part: Part, rejects: Rejects, *, batch: Batch, task: Task, store: JobStore, deliver: Deliver
    ) -> None:
        self._plan, self._part, self._task, self._batch = plan, part, task, batch
        self._store, self._deliver = store, deliver
        self._writer = AnswerWriter(read_schema(topics.schemas_folder() / "avro"))
        self._rejects = rejects
        self._messages: list[dict[str, Any]] = []
        self._now_us = time.time_ns() // 1000

    def add(self, scored: Scored) -> None:
        """Take the next piece."""
        first = self._part.first + self._rejects.seen
        self._rejects.add(scored)
        rows = scored.piece.rows
        values = self._writer.write(_answers(self._plan, self._part, scored, first, self._now_us))
        keys = _text(rows, "entity").to_pylist()
        self._messages += [
            {"key": None if key is None else key.encode(), "value": value}
            for key, value in zip(keys, values, strict=True)
        ]

    def put(self, receipt: Receipt) -> Receipt | None:
        """The receipt, once the answers are there; None when another task of this part has sent them, or will.

        Raises NotDelivered. Only one message of a part may ever send answers: which one is written down before.
        """
        ((_, partition), following), *_ = self._batch.next_offsets.items()
        if not self._store.claim_part(self._plan.job, self._task, f"{partition}:{following - 1}"):
            return None
        topic = topics.predictions(self._plan.model)
        whole = replace(receipt, output=Written(name=topic), rejected=self._rejects.put())
        task = Task(job=self._plan.job, part=self._part.number, round=self._task.round, receipt=whole)
        told = Record(topic=topics.BATCH_TASKS, value=encoded(task), key=task.job.encode(), partition=partition)
        self._deliver(self._batch, Outputs(topic=topic, messages=self._messages, records=(told,)))
        return whole


def _answers(plan: Plan, part: Part, scored: Scored, first: int, now_us: int) -> Answers:
    count = scored.piece.rows.num_rows
    ok = np.zeros(count, np.bool_)
    ok[scored.kept] = True
    scores = np.full(count, np.nan)
    scores[scored.kept] = scored.scores
    decision = None if scored.decision is None else scores >= (plan.threshold or 0.0)
    places = np.arange(first, first + count)
    made = pa.array([f"{plan.job}-{part.source}-{place}" for place in places.tolist()])
    return Answers(
        format=np.full(count, Format.AVRO, np.uint8),
        request_id=pc.coalesce(_text(scored.piece.rows, "request_id"), made),
        ok=ok,
        reason=pa.array([scored.reasons.get(row) for row in range(count)], pa.string()),
        model=plan.model,
        version=plan.version,
        variant=VARIANT,
        release=plan.release,
        score=scores,
        decision=decision,
        source_partition=part.source,
        source_offset=places,
        event_time=_instants(scored.piece.rows),
        scored_at=now_us,
    )


def _text(rows: pa.RecordBatch, name: str) -> pa.Array:
    if name not in rows.schema.names:
        return pa.nulls(rows.num_rows, pa.string())
    return rows.column(name).cast(pa.string())


def _instants(rows: pa.RecordBatch) -> pa.Array:
    """The column event_time where it holds instants."""
    kind = rows.schema.field("event_time").type if "event_time" in rows.schema.names else None
    if kind is None or not pa.types.is_timestamp(kind) or kind.tz is None:
        return pa.nulls(rows.num_rows, INSTANT)
    return rows.column("event_time").cast(INSTANT, safe=False)
