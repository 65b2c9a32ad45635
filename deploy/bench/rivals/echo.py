"""An echo under a guarantee: reads a request, writes as many bytes as an answer of Headrace has. Nothing else.

What it takes is what the broker and the guarantee take: in transactions with two producers by turns, or at least once,
where offsets are committed when the answers are acknowledged.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from deploy.bench.rivals.transactions import CALL_S, CONSUMER, POLL_S, PRODUCER, Outputs, serve

AT_LEAST_ONCE = "at-least-once"


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoTask:
    """Topics, guarantee (exactly-once or at-least-once), size of an answer."""

    bootstrap: str
    group: str
    requests: str
    answers: str
    answer_bytes: int
    delivery: str
    batch_rows: int = 5000
    logs: str = ""

    def write(self, path: Path) -> None:
        """For the command line."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def main() -> None:
    """Echo until the process is ended."""
    task = EchoTask(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    value = b"a" * task.answer_bytes

    def answer(messages: list[Message]) -> Outputs:
        return [{"key": message.key(), "value": value} for message in messages], []

    if task.delivery == AT_LEAST_ONCE:
        at_least_once(task, value)
    serve(task, answer)


def at_least_once(task: EchoTask, value: bytes) -> NoReturn:
    """Answers first; when Kafka has them, offsets, without waiting for those."""
    own = {"bootstrap.servers": task.bootstrap}
    producer = Producer(PRODUCER | own)
    consumer = Consumer(CONSUMER | own | {"group.id": task.group, "group.instance.id": task.group})
    consumer.subscribe([task.requests])
    while True:
        messages = consumer.consume(1, POLL_S)
        if not messages:
            continue
        messages += consumer.consume(task.batch_rows - 1, 0)
        answers = [{"key": message.key(), "value": value} for message in messages]
        if producer.produce_batch(task.answers, answers) != len(answers) or producer.flush(CALL_S):
            raise BufferError("not all answers were written")
        ends = {message.partition() or 0: message.offset() or 0 for message in messages}
        parts = [TopicPartition(task.requests, partition, last + 1) for partition, last in ends.items()]
        consumer.commit(offsets=parts, asynchronous=True)


if __name__ == "__main__":
    main()
