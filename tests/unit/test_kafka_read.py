"""A topic's ends, while a partition has no leader."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from headrace.kafka.read import watermarks


class Client:
    """Answers as a broker does that has just started: first errors, then offsets."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def get_watermark_offsets(self, part: TopicPartition, timeout: float) -> tuple[int, int]:
        if self.codes:
            raise KafkaException(KafkaError(self.codes.pop(0)))
        return 3, 9


def test_a_partition_without_a_leader_is_asked_again() -> None:
    client = Client(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert watermarks(client, TopicPartition("t", 0)) == (3, 9)  # type: ignore[arg-type]


def test_any_other_error_is_told_at_once() -> None:
    client = Client(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        watermarks(client, TopicPartition("t", 0))  # type: ignore[arg-type]
