"""The topic of tasks: one small message a part, spread over the partitions one after the other."""

import zlib
from collections.abc import Iterable

import msgspec
from confluent_kafka import KafkaException, Producer

from headrace import topics
from headrace.batch.job import Task
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable, TopicMissing
from headrace.kafka.read import read_to_end

DELIVERY_S = 60
# A task that is there twice is done once. An idempotent producer asks for its number half a second after it begins.
PRODUCER = {"enable.idempotence": False, "delivery.timeout.ms": DELIVERY_S * 1000, "linger.ms": 5}
GROUP = "headrace.batch"


def decoded(raw: bytes | None) -> Task | None:
    """A task, None for what is none."""
    try:
        return msgspec.json.decode(raw or b"", type=Task)
    except msgspec.MsgspecError:
        return None


def encoded(task: Task) -> bytes:
    """A task's bytes."""
    return msgspec.json.encode(task)


def known(address: KafkaAddress) -> set[Task]:
    """All tasks that the topic holds."""
    found = (decoded(m.value()) for batch in read_to_end(address, topics.BATCH_TASKS) for m in batch)
    return {task for task in found if task is not None}


def send(address: KafkaAddress, tasks: Iterable[Task]) -> None:
    """Returns once all replicas have all of them; raises KafkaUnreachable otherwise, and some may be there."""
    ear, faults = ErrorEar(), []
    producer = Producer(address.producer(ear) | PRODUCER)
    try:
        partitions = _partitions(producer)
        for task in tasks:
            producer.produce(
                topics.BATCH_TASKS,
                key=task.job.encode(),
                value=encoded(task),
                partition=_partition(task, partitions),
                on_delivery=lambda error, _: faults.append(error.str()) if error else None,
            )
            producer.poll(0)
        left = producer.flush(DELIVERY_S + 5)
    except (KafkaException, BufferError) as error:
        raise KafkaUnreachable("sending tasks", address.bootstrap, str(error)) from None
    if left or faults:
        raise KafkaUnreachable("sending tasks", address.bootstrap, faults[0] if faults else ear.last)


def _partitions(producer: Producer) -> int:
    found = producer.list_topics(timeout=DELIVERY_S).topics.get(topics.BATCH_TASKS)
    if found is None:
        raise TopicMissing(topics.BATCH_TASKS)
    return len(found.partitions)


def _partition(task: Task, partitions: int) -> int:
    """A part's tasks always come to the same partition; each job begins at another, so that small ones spread too."""
    return (zlib.crc32(task.job.encode()) + task.part) % partitions
