"""The limit with the model: the same constant bytes, and one predict a batch on rows that were decoded beforehand."""

import sys

from confluent_kafka import Message

from deploy.bench.rivals.limit import copies
from deploy.bench.rivals.model import Model
from deploy.bench.rivals.task import Task
from deploy.bench.rivals.transactions import Outputs, serve
from deploy.bench.rivals.wire import wire_of


def main() -> None:
    """Score the rows of the first batch again and again."""
    task = Task.read(sys.argv)
    model, wire, copied = Model.read(task.bundle), wire_of(task), copies(task)
    rows = model.matrix([])

    def answer(messages: list[Message]) -> Outputs:
        nonlocal rows
        if len(messages) > len(rows):
            rows = model.matrix([wire.request(message.value() or b"") for message in messages])
        model.predict_proba(rows[: len(messages)])
        return copied(messages)

    serve(task, answer)


if __name__ == "__main__":
    main()
