"""How far behind a source is, in seconds."""

import time
from collections.abc import Callable

from confluent_kafka import Message


class Behind:
    """The age of the oldest record that is known to wait; set by the source's thread, read by the web server's.

    A batch in work counts from its first record, a delivered one from its last until the next read finds nothing more.
    Ages go by the records' own times, which are of the clocks of those who wrote them.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since_ms: int | None = None

    def since(self, message: Message) -> None:
        """This one, or what comes next after it, waits."""
        self._since_ms = message.timestamp()[1]

    def nothing(self) -> None:
        """Nothing waits."""
        self._since_ms = None

    def seconds(self) -> float:
        """0 when nothing waits."""
        since_ms = self._since_ms
        return 0.0 if since_ms is None else max(0.0, self._clock() - since_ms / 1000)
