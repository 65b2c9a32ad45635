"""What a careful engineer writes by hand: transactions, batches, batch predict; records by fastavro, one by one."""

import json
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from confluent_kafka import Message

from deploy.bench.rivals.model import Model, Record, Wire
from deploy.bench.rivals.task import Task
from deploy.bench.rivals.transactions import Outputs, serve

# So many rows of a log record stay below Kafka's limit of one megabyte.
LOG_ROWS = 2_000


def main() -> None:
    """Score in batches."""
    task = Task.read(sys.argv)
    model, wire, log = Model.read(task), Wire(task), _log_schema(task)

    def answer(messages: list[Message]) -> Outputs:
        now_us = time.time_ns() // 1000
        requests = [wire.request(message.value() or b"") for message in messages]
        inputs = np.array([model.row(request["features"]) for request in requests], np.float64)
        scores = model.predict_proba(inputs)[:, model.positive].tolist()
        answers: list[dict[str, Any]] = []
        rows: dict[Any, list[Record]] = {}
        for message, request, score in zip(messages, requests, scores, strict=True):
            partition, offset = message.partition(), message.offset()
            answers.append({"key": message.key(), "value": wire.answer(request, score, partition, offset, now_us)})
            request |= {"source_offset": offset, "score": score, "decision": score >= 0.5, "scored_at": now_us}
            rows.setdefault(partition, []).append(request)
        return answers, list(_logs(log, rows))

    serve(task, answer)


def _logs(schema: Any, rows: dict[int, list[Record]]) -> Iterator[tuple[int, bytes]]:
    """One record for a partition's share of the batch, as Headrace writes one block."""
    for partition, records in rows.items():
        for start in range(0, len(records), LOG_ROWS):
            out = BytesIO()
            fastavro.schemaless_writer(out, schema, records[start : start + LOG_ROWS])
            yield partition, out.getvalue()


def _log_schema(task: Task) -> Any:
    request = json.loads(Path(task.request_schema).read_text(encoding="utf-8"))
    made = [("source_offset", "long"), ("score", "double"), ("decision", "boolean"), ("scored_at", "long")]
    fields = [*request["fields"], *({"name": name, "type": kind} for name, kind in made)]
    return fastavro.parse_schema({"type": "array", "items": {"type": "record", "name": "Logged", "fields": fields}})


if __name__ == "__main__":
    main()
