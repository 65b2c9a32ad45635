"""Answers: from columns to bytes, each in the format of its request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.wire import framing
from headrace.wire.answer_json import json_answers
from headrace.wire.avro_encode import ColumnEncoder
from headrace.wire.framing import Format

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """N answers as columns; rows whose request_id is null get none.

    version, variant and flags are one value for all rows or an Arrow array (text, text, list of text); they are not
    written into rejected rows, whose version and variant are empty and whose flags are none. decision is null for a
    regression. source_partition is one number or int32[N]; event_time is timestamp[ms, UTC] or int64 ms; scored_at is
    µs since 1970, one number or int64[N].
    """

    format: NDArray[np.uint8]
    request_id: pa.Array
    ok: NDArray[np.bool_]
    reason: pa.Array | None
    model: str
    version: str | pa.Array
    variant: str | pa.Array
    release: str
    score: NDArray[np.float64]
    decision: NDArray[np.bool_] | None
    source_partition: int | NDArray[np.int32]
    source_offset: NDArray[np.int64]
    event_time: pa.Array
    scored_at: int | NDArray[np.int64]
    flags: pa.Array | tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ok)

    def columns(self, rows: Rows | None, *, ok: bool) -> dict[str, Any]:
        """The fields of the answer record for some rows (None: all), which are all ok or all rejected."""
        scores = {
            "version": _some(self.version, rows),
            "variant": _some(self.variant, rows),
            "scores": pa.array(_some(self.score, rows)),
            "decision": None if self.decision is None else pa.array(_some(self.decision, rows)),
            "flags": self.flags if isinstance(self.flags, tuple) else _some(self.flags, rows),
        }
        return {
            "request_id": _some(self.request_id, rows),
            "status": "ok" if ok else "rejected",
            "reason": None if ok or self.reason is None else _some(self.reason, rows),
            "model": self.model,
            "release": self.release,
            **(scores if ok else {"version": "", "variant": "", "scores": (), "decision": None, "flags": ()}),
            "source_partition": _array(_some(self.source_partition, rows)),
            "source_offset": pa.array(_some(self.source_offset, rows)),
            "event_time": _some(self.event_time, rows),
            "scored_at": _array(_some(self.scored_at, rows)),
        }


class AnswerWriter:
    """Writes answers.

    answer_id is the answer schema's number in the schema registry; without one a request in Confluent framing is
    answered in Avro single-object encoding.
    """

    def __init__(self, schema: Mapping[str, Any], answer_id: int | None = None) -> None:
        self._encoder = ColumnEncoder(schema)
        self._avro = framing.single_object(framing.fingerprint(schema))
        self._confluent = self._avro if answer_id is None else framing.confluent(answer_id)

    def write(self, answers: Answers) -> list[bytes | None]:
        """One message value a row, None where there is nobody to answer."""
        identified = answers.request_id.null_count == 0
        if identified and len(answers) and answers.ok.all() and (answers.format == answers.format[0]).all():
            return list(self._some(answers, None, Format(answers.format[0]), ok=True))
        return self._mixed(answers)

    def _mixed(self, answers: Answers) -> list[bytes | None]:
        out: list[bytes | None] = [None] * len(answers)
        named = answers.request_id.is_valid().to_numpy(zero_copy_only=False)
        for form in Format:
            for ok in (True, False):
                rows = np.flatnonzero(named & (answers.ok == ok) & (answers.format == form))
                if len(rows):
                    for row, value in zip(rows.tolist(), self._some(answers, rows, form, ok=ok), strict=True):
                        out[row] = value
        return out

    def _some(self, answers: Answers, rows: Rows | None, form: Format, *, ok: bool) -> list[bytes]:
        count = len(answers) if rows is None else len(rows)
        columns = answers.columns(rows, ok=ok)
        if form is Format.JSON:
            return json_answers(columns, count)
        prefix = self._confluent if form is Format.CONFLUENT else self._avro
        return self._encoder.encode(columns, count, prefix)


def read_schema(folder: Path) -> dict[str, Any]:
    """The answer record from the folder of Avro schemas."""
    schema: dict[str, Any] = json.loads((folder / "answer.avsc").read_text(encoding="utf-8"))
    return schema


def _some(value: Any, rows: Rows | None) -> Any:
    if rows is None or not isinstance(value, pa.Array | np.ndarray):
        return value
    return value.take(pa.array(rows)) if isinstance(value, pa.Array) else value[rows]


def _array(value: Any) -> Any:
    return pa.array(value) if isinstance(value, np.ndarray) else value
