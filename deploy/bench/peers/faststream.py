"""FastStream on its Kafka broker (aiokafka): a subscriber that is a publisher, one record at a time, at most once."""

import asyncio
import sys
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaResponse

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task


def build_app(task: Task) -> Any:
    """An app with one handler."""
    answering = Answering(task)
    broker = KafkaBroker(task.bootstrap)

    async def decode(message: KafkaMessage) -> Any:
        return message.body

    @broker.subscriber(  # type: ignore[untyped-decorator]
        task.requests, group_id=task.group, auto_offset_reset="earliest", decoder=decode
    )
    @broker.publisher(task.answers)  # type: ignore[untyped-decorator]
    async def score(value: bytes, message: KafkaMessage) -> KafkaResponse:
        raw = message.raw_message
        return KafkaResponse(answering.one(value, raw.partition, raw.offset), key=raw.key)

    return FastStream(broker)


def main() -> None:
    """Run until the process is ended."""
    asyncio.run(build_app(Task.read(sys.argv)).run())


if __name__ == "__main__":
    main()
