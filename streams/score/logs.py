"""Which partition of the log a request partition's blocks go to."""

from contextlib import suppress

from headrace.errors import HeadraceError
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import existing_topics
from streams.engine.errors import NotDelivered


class LogPartitions:
    """The log has fewer partitions than the requests: each that takes part in a transaction costs it about as much.

    The number is Kafka's to say, asked for once; with another, blocks of one request partition may come in two.
    """

    def __init__(self, address: KafkaAddress, topic: str) -> None:
        self._address, self._topic = address, topic
        self._count = 0

    def look(self) -> None:
        """Ask before the first batch has to wait for it; where nobody tells, that one asks again and says why."""
        with suppress(NotDelivered):
            self._count = self._asked()

    def of(self, source_partition: int) -> int:
        """The log's partition; raises NotDelivered where Kafka does not tell how many there are."""
        self._count = self._count or self._asked()
        return source_partition % self._count

    def _asked(self) -> int:
        try:
            count = existing_topics(self._address).get(self._topic, 0)
        except HeadraceError as error:
            raise NotDelivered("log-topic", str(error)) from None
        if not count:
            raise NotDelivered("log-topic", f"the topic {self._topic} is missing; `headrace apply` creates it")
        return count
