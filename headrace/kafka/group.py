"""What a consumer group has committed, asked from outside."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from headrace.kafka.clients import ErrorEar, KafkaAddress

PATIENCE_S = 20.0


class GroupOffsets:
    """Looks into a group and never joins it.

    stable: only offsets that no open transaction may change. While the group works, some transaction is always open,
    and to ask for what is stable waits for a moment without one, up to its time-out.

    Not by way of librdkafka's admin client: where a broker answers that it is not the group's coordinator, as for a
    group that is new, that one ends the process with a segmentation fault.
    """

    def __init__(self, address: KafkaAddress, group: str, ear: ErrorEar | None = None, *, stable: bool = False) -> None:
        own = {"group.id": group, "isolation.level": "read_committed" if stable else "read_uncommitted"}
        self._consumer = Consumer(address.reader(ear) | own)

    def committed(self, asked: list[TopicPartition], timeout_s: float = PATIENCE_S) -> list[TopicPartition]:
        """The last committed offset of each partition, negative where there is none; raises KafkaException."""
        found = self._consumer.committed(asked, timeout=timeout_s)
        if errors := [part.error for part in found if part.error is not None]:
            raise KafkaException(errors[0])
        return list(found)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
