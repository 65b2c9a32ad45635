"""From settings to Kafka's address."""

from headrace.kafka.clients import KafkaAddress
from headrace.settings import Settings


def kafka_address(settings: Settings) -> KafkaAddress:
    """Where Kafka is, as the settings say; raises SettingsError when they do not."""
    return KafkaAddress(bootstrap=settings.bootstrap(), properties=settings.kafka.properties)
