"""What a careful engineer writes by hand: transactions, batches, batch predict; records one by one."""

import sys
import time
from typing import Any

from confluent_kafka import Message

from deploy.bench.rivals.logs import Logs
from deploy.bench.rivals.model import Model, Record
from deploy.bench.rivals.task import Task
from deploy.bench.rivals.transactions import Outputs, serve
from deploy.bench.rivals.wire import wire_of

# So many rows of a log record stay below Kafka's limit of one megabyte.
LOG_ROWS = 2_000


def main() -> None:
    """Score in batches."""
    task = Task.read(sys.argv)
    model, wire, logs = Model.read(task.bundle), wire_of(task), Logs(task)

    def answer(messages: list[Message]) -> Outputs:
        now_us = time.time_ns() // 1000
        requests = [wire.request(message.value() or b"") for message in messages]
        scores = model.scores(requests)
        answers: list[dict[str, Any]] = []
        rows: dict[Any, list[Record]] = {}
        for message, request, score in zip(messages, requests, scores, strict=True):
            partition, offset = message.partition(), message.offset()
            answers.append({"key": message.key(), "value": wire.answer(request, score, partition, offset, now_us)})
            request |= {"source_offset": offset, "score": score, "decision": score >= 0.5, "scored_at": now_us}
            rows.setdefault(partition, []).append(request)
        # One record for a partition's share of the batch, as Headrace writes one block.
        return answers, [
            (partition % task.log_partitions, logs.write(records[start : start + LOG_ROWS]))
            for partition, records in rows.items()
            for start in range(0, len(records), LOG_ROWS)
        ]

    serve(task, answer)


if __name__ == "__main__":
    main()
