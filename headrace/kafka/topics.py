"""Creating topics, and what topics there are."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable
from headrace.topics import Topic

PATIENCE_S = 20.0
DAY_MS = 86_400_000


def existing_topics(address: KafkaAddress) -> dict[str, int]:
    """Number of partitions of each topic."""
    ear = ErrorEar()
    try:
        found = AdminClient(address.client(ear)).list_topics(timeout=PATIENCE_S).topics
    except KafkaException as error:
        raise KafkaUnreachable("listing topics", address.bootstrap, ear.last or error.args[0].str()) from None
    return {name: len(topic.partitions) for name, topic in found.items()}


def create_topics(address: KafkaAddress, wanted: Sequence[Topic], replication: int) -> list[str]:
    """Create those of the topics that are missing; returns their names."""
    have = existing_topics(address)
    missing = [topic for topic in wanted if topic.name not in have]
    if not missing:
        return []
    ear = ErrorEar()
    admin = AdminClient(address.client(ear))
    made = admin.create_topics([_new(topic, replication) for topic in missing])
    for future in made.values():
        try:
            future.result(PATIENCE_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise KafkaUnreachable("creating topics", address.bootstrap, error.args[0].str()) from None
    return [topic.name for topic in missing]


def _new(topic: Topic, replication: int) -> NewTopic:
    kept = str(topic.days * DAY_MS) if topic.days else "-1"
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication,
        config={"retention.ms": kept, "cleanup.policy": "delete"},
    )
