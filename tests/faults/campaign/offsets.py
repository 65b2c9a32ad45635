"""What a consumer group has committed, asked without joining it."""

from confluent_kafka import Consumer, TopicPartition


def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Partition -> committed offset, 0 where there is none."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 2})
    try:
        parts = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        found = consumer.committed([TopicPartition(topic, part) for part in parts], timeout=20)
        return {part.partition: max(0, part.offset) for part in found}
    finally:
        consumer.close()
