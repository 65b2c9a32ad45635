"""Quix Streams: a StreamingDataFrame, one record at a time, at least once."""

import sys
from typing import Any

from quixstreams import Application, message_context

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task


def main() -> None:
    """Run until the process is ended."""
    task = Task.read(sys.argv)
    answering = Answering(task)
    app = Application(
        broker_address=task.bootstrap,
        consumer_group=task.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel="WARNING",
    )

    def score(value: Any) -> bytes:
        context = message_context()
        return answering.one(value, context.partition, context.offset)

    requests = app.topic(task.requests, key_deserializer="bytes", value_deserializer="bytes")
    answers = app.topic(task.answers, key_serializer="bytes", value_serializer="bytes")
    app.dataframe(requests).apply(score).to_topic(answers)
    app.run()


if __name__ == "__main__":
    main()
