"""FastStream in batches: one handler call and one predict for what was fetched, answers by publish_batch.

A published batch goes to one partition. The answers' topic has as many as the requests' has, so that each answer goes
where its request stood, and the order of a key is kept.
"""

import asyncio
import sys
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaPublishMessage

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task

# So many answers stay below Kafka's limit of one megabyte, also in JSON.
ROWS = 1_000
MAX_BYTES = 1_000_000


def build_app(task: Task) -> Any:
    """An app with one handler."""
    answering = Answering(task)
    broker = KafkaBroker(task.bootstrap, max_batch_size=MAX_BYTES)

    async def decode(message: KafkaMessage) -> Any:
        return message.body

    @broker.subscriber(  # type: ignore[untyped-decorator]
        task.requests,
        group_id=task.group,
        auto_offset_reset="earliest",
        batch=True,
        max_records=task.batch_rows,
        decoder=decode,
    )
    async def score(values: list[bytes], message: KafkaMessage) -> None:
        raws = message.raw_message
        answers = answering.many([(raw.value, raw.partition, raw.offset) for raw in raws])
        by_partition: dict[int, list[KafkaPublishMessage]] = {}
        for raw, answer in zip(raws, answers, strict=True):
            by_partition.setdefault(raw.partition, []).append(KafkaPublishMessage(answer, key=raw.key))
        for partition, ours in by_partition.items():
            for start in range(0, len(ours), ROWS):
                await broker.publish_batch(*ours[start : start + ROWS], topic=task.answers, partition=partition)

    return FastStream(broker)


def main() -> None:
    """Run until the process is ended."""
    asyncio.run(build_app(Task.read(sys.argv)).run())


if __name__ == "__main__":
    main()
