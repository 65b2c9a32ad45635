"""How a worker joins its consumer group."""

from typing import Any

from headrace.kafka.clients import ErrorEar, KafkaAddress


def group_config(address: KafkaAddress, *, group: str, ear: ErrorEar, instance: str | None = None) -> dict[str, Any]:
    """A member of a group. With an instance it keeps its partitions over a restart: its name, not its connection, is
    the membership.

    fetch.queue.backoff.ms: librdkafka's default of one second makes a full queue stall the stream for that long.
    queued.min.messages: the default of 100,000 a partition costs 30 MB once there is a backlog; two batches are enough.
    """
    static = {} if instance is None else {"group.instance.id": instance}
    return (
        address.client(ear)
        | static
        | {
            "group.id": group,
            "partition.assignment.strategy": "range",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 10,
            "queued.min.messages": 10_000,
            "topic.metadata.refresh.interval.ms": 5000,
            "allow.auto.create.topics": False,
        }
    )
