"""Where a source starts to read its places."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.engine.batch import Place


class Start(Protocol):
    """Says where reading goes on after an assignment or after a batch that was not delivered.

    patience_s: how long that may take where more than Kafka is asked; 0 leaves it to the watchdog.
    """

    patience_s: float

    def next_offsets(self, consumer: Consumer, places: Sequence[Place]) -> Mapping[Place, int]:
        """The next offset to read of each place; -2 for the beginning."""


class FromCommitted:
    """Starts where the group's committed offsets stand."""

    patience_s = 0.0

    def next_offsets(self, consumer: Consumer, places: Sequence[Place]) -> Mapping[Place, int]:
        """Committed offsets; the beginning where there is none."""
        found = committed(consumer, places)
        return {(part.topic, part.partition): part.offset if part.offset >= 0 else -2 for part in found}


def committed(consumer: Consumer, places: Sequence[Place]) -> list[TopicPartition]:
    """What the group has committed for each place, offset and note; raises KafkaException."""
    found = consumer.committed([TopicPartition(topic, partition) for topic, partition in places], timeout=10)
    # A partition's own error comes with no offset, which would read as "nothing committed yet".
    if errors := [part.error for part in found if part.error is not None]:
        raise KafkaException(errors[0])
    return list(found)
