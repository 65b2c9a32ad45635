"""What a sink is about to insert, written down before it does.

The range stands beside the group's committed offset in Kafka: one range a partition, and brokers take none from a sink
whose partitions are another's by now. So a sink that was thought dead and wakes up can only repeat what its successor
repeats as well: the same range under the same token. Kept in ClickHouse, which refuses nobody, an intent of the one
would not stop the other, and rows would be there twice.
"""

from collections.abc import Mapping
from typing import Protocol

from streams.engine.batch import Place
from streams.engine.failpoint import Failpoints
from streams.sink.ranges import Range


class Commit(Protocol):
    """Commits offsets with a note; raises NotDelivered where the partitions are another's."""

    def __call__(self, next_offsets: Mapping[Place, int], note: str) -> None: ...


class Intents:
    """Writes ranges down."""

    def __init__(self, commit: Commit, failpoints: Failpoints) -> None:
        self._commit, self._failpoints = commit, failpoints

    def write(self, span: Range) -> None:
        """Note a range at its partition; raises NotDelivered, and then nothing of it may be inserted."""
        self._failpoints.passing("before_intent")
        self._commit({span.place: span.first}, span.note)
        self._failpoints.passing("after_intent")
