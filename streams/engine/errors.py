"""HeadraceError
├── NotDelivered     raised when a batch's outputs did not become visible; the batch will be read again
├── CoordinatorLost  raised when a consumer does not find its group's coordinator any more; a new one takes its place
└── NameTaken        raised when another live worker has this worker's name
"""

from headrace.errors import HeadraceError


class NotDelivered(HeadraceError):
    """Raised when a batch was not delivered. Nothing of it is visible, its offsets are not committed."""

    def __init__(self, cause: str, detail: str) -> None:
        self.cause = cause
        super().__init__(f"{cause}: {detail}")


class CoordinatorLost(HeadraceError):
    """Raised when a consumer asked in vain for its group's offsets, so often in a row."""

    def __init__(self, times: int) -> None:
        super().__init__(f"the group's offsets could not be read {times} times in a row; a new consumer joins")


class NameTaken(HeadraceError):
    """Raised when Kafka says that another live worker has taken this worker's name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"another live worker is called {name}; give each worker a name of its own (HEADRACE_WORKER__NAME) "
            "or stop the other one. Where there is no other, Kafka was restarted while this one joined: start it again"
        )
