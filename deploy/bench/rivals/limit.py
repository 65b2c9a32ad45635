"""The limit: as many bytes as Headrace writes, in transactions, of nothing but copies. No decoding, no scoring."""

import sys
from collections.abc import Callable

from confluent_kafka import Message

from deploy.bench.rivals.task import Task
from deploy.bench.rivals.transactions import Outputs, rows_by_partition, serve

# Headrace's log blocks are no larger.
LARGEST = 512_000


def main() -> None:
    """Write constant bytes."""
    task = Task.read(sys.argv)
    serve(task, copies(task))


def copies(task: Task) -> Callable[[list[Message]], Outputs]:
    """Makes outputs as large as Headrace's."""
    value, block = b"a" * task.answer_bytes, b"b" * LARGEST

    def answer(messages: list[Message]) -> Outputs:
        sizes = {p: round(rows * task.log_bytes_a_row) for p, rows in rows_by_partition(messages).items()}
        logs = [
            (p % task.log_partitions, block[: min(LARGEST, size - at)])
            for p, size in sizes.items()
            for at in range(0, size, LARGEST)
        ]
        return [{"key": message.key(), "value": value} for message in messages], logs

    return answer


if __name__ == "__main__":
    main()
