"""Which partition of the log blocks go to, as Kafka says how many there are."""

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import create_topics
from headrace.topics import Topic
from streams.engine.errors import NotDelivered
from streams.score.logs import LogPartitions


def test_blocks_of_one_request_partition_go_to_one_of_however_many_there_are(kafka: str) -> None:
    address = KafkaAddress(bootstrap=kafka)
    create_topics(address, [Topic(name="few.logs", key="none", value="log block", partitions=2)], 1)
    places = LogPartitions(address, "few.logs")
    places.look()
    assert [places.of(partition) for partition in range(6)] == [0, 1, 0, 1, 0, 1]
    admin = AdminClient(address.client())
    for future in admin.create_partitions([NewPartitions("few.logs", 4)]).values():
        future.result(20)
    assert places.of(3) == 1, "whoever writes goes on as before"
    assert LogPartitions(address, "few.logs").of(3) == 3


def test_without_its_topic_nothing_is_delivered_and_it_is_said_what_creates_it(kafka: str) -> None:
    LogPartitions(KafkaAddress(bootstrap=kafka), "none.logs").look()
    with pytest.raises(NotDelivered, match=r"the topic none\.logs is missing; `headrace apply` creates it"):
        LogPartitions(KafkaAddress(bootstrap=kafka), "none.logs").of(0)


def test_without_kafka_nothing_is_delivered() -> None:
    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1:1"):
        LogPartitions(KafkaAddress(bootstrap="127.0.0.1:1"), "few.logs").of(0)
