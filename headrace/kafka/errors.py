"""HeadraceError
├── KafkaUnreachable      raised when Kafka does not answer, or refuses the credentials
├── HeldBack              raised when a transaction that does not end hides what was to be read
└── TopicMissing          raised when a topic that must be there is not
"""

from headrace.errors import HeadraceError


class KafkaUnreachable(HeadraceError):
    """Raised when Kafka does not answer in time; says what the client heard meanwhile."""

    def __init__(self, doing: str, bootstrap: str, heard: str = "") -> None:
        said = f" (the client heard: {heard})" if heard else ""
        super().__init__(
            f"{doing}: Kafka at {bootstrap} does not answer{said}; is it running, "
            "and are the address and credentials right?"
        )


class HeldBack(HeadraceError):
    """Raised when a transaction that does not end hides what was to be read."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(
            f"reading {topic}: partition {partition} cannot be read beyond offset {offset}, where a transaction has "
            "not ended; `headrace doctor` says what to do if that stays"
        )


class TopicMissing(HeadraceError):
    """Raised when a topic that must be there is not."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"the topic {topic} does not exist; `headrace apply FOLDER` creates all that a model needs")
