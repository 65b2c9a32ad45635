"""Quix Streams' consumer and producer, to which its documentation points whoever wants batches; at least once."""

import sys
from typing import Any

from quixstreams import Application

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task

POLL_S = 0.1


def main() -> None:
    """Run until the process is ended."""
    task = Task.read(sys.argv)
    answering = Answering(task)
    app = Application(
        broker_address=task.bootstrap, consumer_group=task.group, auto_offset_reset="earliest", loglevel="WARNING"
    )
    with app.get_consumer(auto_commit_enable=True) as consumer, app.get_producer() as producer:
        consumer.subscribe(topics=[task.requests])
        while True:
            messages = _batch(consumer, task.batch_rows)
            placed = [(message.value(), message.partition(), message.offset()) for message in messages]
            for message, value in zip(messages, answering.many(placed) if placed else [], strict=True):
                producer.produce(topic=task.answers, key=message.key(), value=value)
                consumer.store_offsets(message=message)


def _batch(consumer: Any, most: int) -> list[Any]:
    """What there is, and a moment's wait when there is nothing."""
    messages: list[Any] = []
    while len(messages) < most:
        message = consumer.poll(0 if messages else POLL_S)
        if message is None:
            return messages
        if message.error():
            raise RuntimeError(message.error())
        messages.append(message)
    return messages


if __name__ == "__main__":
    main()
