"""What is timed: each operation as Headrace does it, on columns, and as it is done record by record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from deploy.bench.codec.sample import Sample
from deploy.bench.logblocks import NOW_US, RELEASE, log_block
from deploy.bench.rivals.logs import Logs
from deploy.bench.rivals.model import Model
from deploy.bench.rivals.wire import wire_of
from headrace import topics
from headrace.wire.answer import Answers, AnswerWriter, read_schema
from headrace.wire.framing import Format
from headrace.wire.logblock import LogHeader, decode_block, encode_block
from headrace.wire.request import Requests

FORMS = {"avro": Format.AVRO, "json": Format.JSON}

# Given a number of rows: what does the operation once on so many. Whatever it works on is made beforehand.
Prepare = Callable[[int], Callable[[], Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation on one kind of record, by two."""

    name: str
    headrace: Prepare
    by_record: Prepare


def operations(sample: Sample, folder: Path, *, answers: bool) -> Iterator[Operation]:
    """All operations on a kind of record; answers are the same for every kind."""
    for form in FORMS:
        yield _reading(sample, folder, form)
    for form in FORMS if answers else ():
        yield _writing(sample, folder, form)
    yield from _logging(sample, folder)


def _reading(sample: Sample, folder: Path, form: str) -> Operation:
    """From bytes to the matrix that a model sees."""
    reader, encoder, values = sample.reader, sample.encoder, sample.values(form)
    wire, model = wire_of(sample.task(folder, form)), _model(sample)

    def columns(rows: int) -> Callable[[], Any]:
        some = values[:rows]
        return lambda: encoder.matrix(reader.read(some).features)

    def records(rows: int) -> Callable[[], Any]:
        some = values[:rows]
        return lambda: model.matrix([wire.request(value) for value in some])

    return Operation(name=f"read {form}, {sample.name}", headrace=columns, by_record=records)


def _writing(sample: Sample, folder: Path, form: str) -> Operation:
    """From scores to the bytes of answers."""
    writer = AnswerWriter(read_schema(topics.schemas_folder() / "avro"))
    wire, scores = wire_of(sample.task(folder, form)), np.linspace(0.01, 0.99, len(sample.avro))

    def columns(rows: int) -> Callable[[], Any]:
        read = sample.reader.read(sample.values(form)[:rows])
        return lambda: writer.write(_answers(read, scores[:rows], FORMS[form]))

    def records(rows: int) -> Callable[[], Any]:
        requests = [wire.request(value) for value in sample.values(form)[:rows]]
        scored = list(zip(requests, scores[:rows].tolist(), range(rows), strict=True))
        answer = wire.answer
        return lambda: [answer(request, score, 3, offset, NOW_US) for request, score, offset in scored]

    return Operation(name=f"write {form} answers", headrace=columns, by_record=records)


def _logging(sample: Sample, folder: Path) -> Iterator[Operation]:
    """A log block of so many rows, there and back."""
    task = sample.task(folder, "avro")
    wire, logs = wire_of(task), Logs(task)

    def block(rows: int) -> tuple[LogHeader, pa.RecordBatch]:
        return log_block(sample.reader.read(sample.avro[:rows]), sample.name)

    def records(rows: int) -> list[dict[str, Any]]:
        made = {"score": 0.5, "decision": True, "scored_at": NOW_US}
        return [wire.request(value) | made | {"source_offset": i} for i, value in enumerate(sample.avro[:rows])]

    def encode(rows: int) -> Callable[[], Any]:
        header, logged = block(rows)
        return lambda: encode_block(header, logged)

    def encode_records(rows: int) -> Callable[[], Any]:
        some = records(rows)
        return lambda: logs.write(some)

    def decode(rows: int) -> Callable[[], Any]:
        data = encode_block(*block(rows))
        return lambda: decode_block(data)

    def decode_records(rows: int) -> Callable[[], Any]:
        data = logs.write(records(rows))
        return lambda: logs.read(data)

    yield Operation(name=f"write log, {sample.name}", headrace=encode, by_record=encode_records)
    yield Operation(name=f"read log, {sample.name}", headrace=decode, by_record=decode_records)


def _model(sample: Sample) -> Model:
    codes = {n: {v: float(i) for i, v in enumerate(values)} for n, values in sample.encoder.vocabularies.items()}
    return Model(predict_proba=lambda rows: rows, positive=0, names=sample.features.names, codes=codes)


def _answers(read: Requests, scores: Any, form: Format) -> Answers:
    return Answers(
        format=np.full(read.n, form, np.uint8),
        request_id=read.request_id,
        ok=np.ones(read.n, np.bool_),
        reason=None,
        model="flights",
        version="v1",
        variant="champion",
        release=RELEASE,
        score=scores,
        decision=scores >= 0.5,
        source_partition=np.full(read.n, 3, np.int32),
        source_offset=np.arange(read.n),
        event_time=read.event_time,
        scored_at=NOW_US,
    )
