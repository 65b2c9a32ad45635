"""HeadraceError
└── AskError                raised when a request cannot be asked or is not answered
    ├── NotARequest         raised when what is to be sent is not a JSON object
    ├── NotSent             raised when Kafka did not take the request
    ├── NotAnswered         raised when no answer came in time
    └── NotIdentified       raised when the request became a dead letter without an answer
"""

from headrace.errors import HeadraceError


class AskError(HeadraceError):
    """Raised when a request cannot be asked or is not answered."""


class NotARequest(AskError):
    """Raised when what is to be sent is not a JSON object."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f'a request is a JSON object such as {{"features": {{"distance": 1416.0}}}}; this one is not: {detail}'
        )


class NotSent(AskError):
    """Raised when Kafka did not take the request."""

    def __init__(self, topic: str, detail: str) -> None:
        super().__init__(f"the request was not sent to {topic}: {detail}")


class NotAnswered(AskError):
    """Raised when no answer came in time."""

    def __init__(self, topic: str, partition: int, offset: int, seconds: float) -> None:
        super().__init__(
            f"no answer in {seconds:g} s; the request lies in {topic}, partition {partition}, offset {offset}, and is "
            "answered once a worker takes it: is one running, and is a release approved? `headrace doctor` looks"
        )


class NotIdentified(AskError):
    """Raised when the request became a dead letter without an answer."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(
            f"the request could not be identified, so it has no answer, only a dead letter in {topic}: {reason}"
        )
