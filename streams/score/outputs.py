"""From decisions to what Kafka is given: answers, log blocks and dead letters. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from headrace import topics
from headrace.wire.answer import Answers, AnswerWriter
from headrace.wire.logblock import FEATURE_PREFIX, log_rows
from headrace.wire.logsplit import LogBatch, split_blocks
from headrace.wire.request import Requests
from streams.engine.outputs import Later, Outputs, Record
from streams.score.core import Decisions
from streams.score.serving import Serving

# A dead letter keeps the original bytes up to here; what was cut is told in a header.
DEAD_LETTER_BYTES = 512 * 1024
# Of a request that Kafka itself would not take again only so much is kept.
REFUSED_BYTES = 1024
# Begins the reason of a request whose outputs were refused by Kafka before.
UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a batch's requests stood, row by row, with the bytes that dead letters keep."""

    topic: str
    partition: np.ndarray
    offset: np.ndarray
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]


class OutputWriter:
    """Writes the outputs of one model's batches."""

    def __init__(self, model: str, worker: str, answers: AnswerWriter, log_partition: Callable[[int], int]) -> None:
        self._model, self._worker, self._answers = model, worker, answers
        self._log_partition = log_partition

    def write(
        self,
        requests: Requests,
        origin: Origin,
        decisions: Decisions,
        serving: Serving,
        previous_last: Mapping[tuple[str, int], int],
        now_us: int,
    ) -> Outputs:
        """All outputs of a batch."""
        version, variant = _names(decisions, serving)
        values = self._answers.write(
            Answers(
                format=requests.format,
                request_id=requests.request_id,
                ok=decisions.ok,
                reason=_reasons(decisions, requests.n),
                model=self._model,
                version=version,
                variant=variant,
                release=serving.release,
                score=decisions.scores,
                decision=decisions.decision,
                source_partition=origin.partition,
                source_offset=origin.offset,
                event_time=requests.event_time,
                scored_at=now_us,
                flags=serving.flags,
            )
        )
        return Outputs(
            topic=topics.predictions(self._model),
            messages=_messages(_kept_keys(origin, decisions), values, requests),
            records=Later(
                lambda: chain(
                    self._log_blocks(requests, origin, decisions, serving, previous_last, now_us),
                    self._dead_letters(origin, decisions, now_us),
                )
            ),
        )

    def _log_blocks(
        self,
        requests: Requests,
        origin: Origin,
        decisions: Decisions,
        serving: Serving,
        previous_last: Mapping[tuple[str, int], int],
        now_us: int,
    ) -> list[Record]:
        order, parts = _by_partition(origin.partition)
        logged = _pick(
            log_rows(serving.log_schema, _columns(requests, origin, decisions, serving, now_us)),
            order[decisions.ok[order]],
        )
        answered_by = np.where(decisions.ok, decisions.variant, -1)
        made: list[Record] = []
        for rows in parts:
            partition = int(origin.partition[rows[0]])
            kept = int(decisions.ok[rows].sum())
            ours, logged = logged.slice(0, kept), logged.slice(kept)
            block = LogBatch(
                model=self._model,
                source_topic=origin.topic,
                source_partition=partition,
                previous_last_offset=previous_last.get((origin.topic, partition), -1),
                release=serving.release,
                worker=self._worker,
                scored_at=now_us,
                offsets=origin.offset[rows],
                versions=serving.versions,
                answered_by=answered_by[rows],
                rejects=_rejects(requests, origin, decisions, partition),
                rows=ours,
                pinned=dict(serving.pinned),
            )
            topic, place = topics.logs(self._model), self._log_partition(partition)
            made += [Record(topic=topic, partition=place, value=value) for value in split_blocks(block)]
        return made

    def _dead_letters(self, origin: Origin, decisions: Decisions, now_us: int) -> list[Record]:
        return [self._dead_letter(origin, row, decisions.reasons[row], now_us) for row in sorted(decisions.reasons)]

    def _dead_letter(self, origin: Origin, row: int, reason: str, now_us: int) -> Record:
        value = origin.values[row]
        most = REFUSED_BYTES if reason.startswith(UNDELIVERABLE) else DEAD_LETTER_BYTES
        cut = value is not None and len(value) > most
        told = {
            "reason": reason,
            "source-topic": origin.topic,
            "source-partition": str(origin.partition[row]),
            "source-offset": str(origin.offset[row]),
            "worker": self._worker,
            "scored-at-us": str(now_us),
        }
        if cut:
            told["cut-from-bytes"] = str(len(value or b""))
        key = _kept_key(origin.keys[row], reason)
        if key is not origin.keys[row]:
            told["key-left-out-bytes"] = str(len(origin.keys[row] or b""))
        return Record(
            topic=topics.dead_letters(self._model),
            key=key,
            value=(value or b"")[:most] if cut else value,
            headers=tuple((name, text.encode()) for name, text in told.items()),
        )


def _messages(keys: Sequence[bytes | None], values: Sequence[bytes | None], requests: Requests) -> list[dict[str, Any]]:
    if requests.rejects:
        return [{"key": k, "value": v} for k, v in zip(keys, values, strict=True) if v is not None]
    return [{"key": k, "value": v} for k, v in zip(keys, values, strict=True)]


def _kept_keys(origin: Origin, decisions: Decisions) -> Sequence[bytes | None]:
    """The answers' keys: those of their requests."""
    if not any(reason.startswith(UNDELIVERABLE) for reason in decisions.reasons.values()):
        return origin.keys
    return [_kept_key(key, decisions.reasons.get(row, "")) for row, key in enumerate(origin.keys)]


def _kept_key(key: bytes | None, reason: str) -> bytes | None:
    """A key that may be what was too large is left out, or it would make the rejection too large as well."""
    return None if reason.startswith(UNDELIVERABLE) and len(key or b"") > REFUSED_BYTES else key


def _names(decisions: Decisions, serving: Serving) -> tuple[str | pa.Array, str | pa.Array]:
    """Version and variant of the answers: one for all rows, or one each."""
    if len(serving.variants) == 1:
        only = serving.variants[0].variant
        return only.version, only.name
    return _by_variant(decisions, serving, "version"), _by_variant(decisions, serving, "name")


def _by_variant(decisions: Decisions, serving: Serving, what: str) -> pa.Array:
    values = [getattr(served.variant, what) for served in serving.variants]
    if len(values) == 1:
        return pa.repeat(values[0], len(decisions.variant))
    return pa.array(values).take(pa.array(decisions.variant))


def _reasons(decisions: Decisions, n: int) -> pa.Array | None:
    if not decisions.reasons:
        return None
    reasons: list[str | None] = [None] * n
    for row, reason in decisions.reasons.items():
        reasons[row] = reason
    return pa.array(reasons, pa.string())


def _rejects(
    requests: Requests, origin: Origin, decisions: Decisions, partition: int
) -> tuple[tuple[int, str | None, str], ...]:
    return tuple(
        (int(origin.offset[row]), requests.request_id[row].as_py(), decisions.reasons[row])
        for row in sorted(decisions.reasons)
        if origin.partition[row] == partition
    )


def _columns(
    requests: Requests, origin: Origin, decisions: Decisions, serving: Serving, now_us: int
) -> dict[str, pa.Array]:
    """The log's columns for all rows of a batch, rejected ones too."""
    n = requests.n
    decision = pa.nulls(n, pa.bool_()) if decisions.decision is None else pa.array(decisions.decision)
    return {
        "request_id": requests.request_id,
        "entity": requests.entity,
        "event_time": requests.event_time,
        "source_offset": pa.array(origin.offset),
        "version": _by_variant(decisions, serving, "version"),
        "variant": _by_variant(decisions, serving, "name"),
        "score": pa.array(decisions.scores),
        "decision": decision,
        "scored_at": pa.repeat(pa.scalar(now_us, pa.timestamp("us", tz="UTC")), n),
        "inclusion_probability": pa.repeat(1.0, n),
        **{FEATURE_PREFIX + name: column for name, column in requests.features.items()},
    }


def _by_partition(partition: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """All rows by their partition, whole and in parts; what came first stands first, so that runs stay in place."""
    came = np.zeros(partition.max() + 1, np.intp)
    came[partition[::-1]] = np.arange(len(partition))[::-1]
    order = np.argsort(came[partition], kind="stable")
    return order, np.split(order, np.flatnonzero(np.diff(partition[order])) + 1)


def _pick(batch: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
    """Some rows, or the same rows in another order; without a copy where that is all of them as they are."""
    if len(rows) == len(batch) and (rows[:-1] < rows[1:]).all():
        return batch
    return batch.take(pa.array(rows))
