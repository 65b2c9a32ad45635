"""Requests in, answers and a log block out: the whole way of a batch, in every format."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from headrace.wire import framing
from headrace.wire.answer import Answers, AnswerWriter, read_schema
from headrace.wire.framing import Format
from headrace.wire.logblock import decode_block, log_rows, log_schema
from headrace.wire.logsplit import LogBatch, split_blocks
from headrace.wire.request import RequestReader, Requests
from tests.unit.wire.conftest import avro, requests, single

ANSWER = read_schema(Path(__file__).parents[3] / "schemas" / "avro")
SCORED_AT = 1_700_000_000_123_456


def written(form: Format, schema: dict[str, Any], value: dict[str, Any]) -> bytes:
    if form is Format.JSON:
        return msgspec.json.encode(value)
    return single(schema, value) if form is Format.AVRO else framing.confluent(7) + avro(schema, value)


def answers_to(batch: Requests, **more: Any) -> Answers:
    ok = np.array([row not in batch.rejects for row in range(batch.n)])
    score = np.arange(batch.n) / 8
    base: dict[str, Any] = {
        "format": batch.format,
        "request_id": batch.request_id,
        "ok": ok,
        "reason": pa.array(
            [batch.rejects[i].reason if i in batch.rejects else None for i in range(batch.n)], pa.string()
        ),
        "model": "flights",
        "version": "v1",
        "variant": "champion",
        "release": "ab12",
        "score": score,
        "decision": score > 0.5,
        "source_partition": 3,
        "source_offset": np.arange(batch.n) + 100,
        "event_time": batch.event_time,
        "scored_at": SCORED_AT,
    }
    return Answers(**(base | more))


def read_back(value: bytes) -> dict[str, Any]:
    if value[:1] == b"{":
        return json.loads(value)
    skip = 5 if value[:1] == b"\0" else 10
    body = io.BytesIO(value[skip:])
    answer = fastavro.schemaless_reader(body, fastavro.parse_schema(json.loads(json.dumps(ANSWER))), None)
    assert not body.read()
    return answer


@pytest.mark.parametrize("form", [Format.AVRO, Format.CONFLUENT, Format.JSON])
@pytest.mark.parametrize("count", [1, 15, 16, 60])
def test_a_batch_comes_back_as_answers_in_its_own_format(
    reader: RequestReader, schema: dict[str, Any], form: Format, count: int
) -> None:
    sent = requests(count)
    batch = reader.read([written(form, schema, value) for value in sent])
    assert not batch.rejects
    assert set(batch.format) == {form}
    out = AnswerWriter(ANSWER, answer_id=9).write(answers_to(batch))
    for row, (value, request) in enumerate(zip(out, sent, strict=True)):
        assert value is not None
        answer = read_back(value)
        assert (answer["request_id"], answer["status"], answer["scores"]) == (request["request_id"], "ok", [row / 8])
        assert (answer["decision"], answer["source_offset"], answer["version"]) == (row / 8 > 0.5, 100 + row, "v1")
        assert value.startswith(framing.confluent(9)) == (form is Format.CONFLUENT)


def test_a_batch_becomes_a_log_block_that_holds_its_features_and_accounts_for_every_request(
    reader: RequestReader, schema: dict[str, Any]
) -> None:
    values: list[bytes | None] = [single(schema, value) for value in requests(50)]
    values[7], values[9] = None, values[9][:-1] if values[9] else None
    batch = reader.read(values)
    offsets = np.arange(50) + 1000
    good = np.array([row not in batch.rejects for row in range(50)])
    kept = pa.array(good)
    columns = {
        "request_id": batch.request_id.filter(kept),
        "entity": batch.entity.filter(kept),
        "event_time": batch.event_time.filter(kept),
        "source_offset": pa.array(offsets[good]),
        "version": pa.repeat("v1", 48),
        "variant": pa.repeat("champion", 48),
        "score": pa.array(np.ones(48)),
        "decision": pa.nulls(48, pa.bool_()),
        "scored_at": pa.array(np.full(48, SCORED_AT)),
        "inclusion_probability": pa.array(np.ones(48)),
        **{f"f_{name}": array.filter(kept) for name, array in batch.features.items()},
    }
    log = LogBatch(
        model="flights",
        source_topic="flights.requests",
        source_partition=3,
        previous_last_offset=999,
        release="ab12",
        worker="w1",
        scored_at=SCORED_AT,
        offsets=offsets,
        versions=("v1",),
        answered_by=np.where(good, 0, -1),
        rejects=tuple(
            (int(offsets[row]), batch.request_id[row].as_py(), reject.reason) for row, reject in batch.rejects.items()
        ),
        rows=log_rows(log_schema(reader.features), columns),
    )
    (block,) = split_blocks(log)
    header, table = decode_block(block)
    assert (header.received, header.answered, header.rejected, header.unidentified, header.logged) == (50, 49, 2, 1, 48)
    assert header.versions == {"v1": 48}
    assert [offset for offset, _, _ in header.rejects] == [1007, 1009]
    assert table["f_temp"].to_pylist() == [v["features"]["temp"] for i, v in enumerate(requests(50)) if good[i]]
