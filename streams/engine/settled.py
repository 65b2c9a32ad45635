"""Where a worker that commits in transactions reads on, even where Kafka has lost the end of one.

Kafka from 4.1 to 4.4 takes a partition without a leader for one that was deleted when it has markers of a transaction
to write there (KAFKA-20734). One that is killed as the only replica, between a transaction's decision and its marker
among the group's offsets, takes the transaction for ended when it is back, and never writes that marker. The offset
stays pending for good, nobody is told what is stable, the group stalls. One more transaction of the same id ends that:
it commits the offset that is true by what the decided one has written elsewhere.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from headrace.kafka.group import GroupOffsets
from streams.engine.batch import Place
from streams.engine.start import FromCommitted
from streams.engine.transaction import Transactions
from streams.engine.watchdog import Watchdog

# So often Kafka looks for transactions that are open for too long.
LOOKS_S = 10.0
# A stable offset is told within milliseconds.
STABLE_S = 2.0
# Bounds a hang only: to find what is pending takes STABLE_S a place, to read what tells the truth some seconds.
ENDING_S = 300.0
log = structlog.get_logger()


class Reached(NamedTuple):
    """How far a place really is, and which worker got there; None where nothing tells who."""

    next_offset: int
    worker: str | None


# Asked with the last committed offset that Kafka tells, stable or not.
HowFar = Callable[[Place, int], Reached]


class OpenGroup(Protocol):
    """Opens a look into the worker's group."""

    def __call__(self, *, stable: bool) -> GroupOffsets: ...


class FromSettled:
    """Starts where the committed offsets stand, once no transaction is open that would change them.

    One whose worker is gone is ended by Kafka after its time-out. Whoever still is told no offset after that, ends
    what is pending itself; its group metadata makes sure that the place is still its own.
    """

    patience_s = 0.0

    def __init__(
        self,
        transactions: Transactions,
        open_group: OpenGroup,
        how_far: HowFar,
        watchdog: Watchdog,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transactions, self._open_group, self._how_far = transactions, open_group, how_far
        self._watchdog, self._clock = watchdog, clock
        self._asking_since: float | None = None

    def next_offsets(self, consumer: Consumer, places: Sequence[Place]) -> Mapping[Place, int]:
        """Committed offsets; raises KafkaException while there is none that is stable."""
        self._transactions.open()
        self._asking_since = self._clock() if self._asking_since is None else self._asking_since
        try:
            found = FromCommitted().next_offsets(consumer, places)
        except KafkaException:
            if self._clock() - self._asking_since > self._transactions.timeout_s + LOOKS_S:
                with self._watchdog.guarding("ending pending offsets", ENDING_S):
                    self._end_pending(consumer, places)
            raise
        self._asking_since = None
        return found

    def _end_pending(self, consumer: Consumer, places: Sequence[Place]) -> None:
        for place, committed in self._pending(places).items():
            holders = self._holders(self._how_far(place, committed).worker)
            for holder in holders:
                # Ends what is open under its ids: what is visible after that is all that there will be.
                holder.open()
            reached = self._how_far(place, committed)
            for holder in holders:
                holder.commit({place: reached.next_offset}, consumer.consumer_group_metadata())
            log.warning("pending-offset-ended", place=place, committed=committed, **reached._asdict())

    def _holders(self, worker: str | None) -> list[Transactions]:
        """Whose transaction may have been lost: this worker's, or that of whoever had the place before."""
        mine = self._transactions
        return [mine] if worker in (None, mine.worker) else [mine, mine.of(worker)]

    def _pending(self, places: Sequence[Place]) -> dict[Place, int]:
        """The places whose stable offset is not told though Kafka answers; with the last one committed."""
        parts = [TopicPartition(topic, partition) for topic, partition in places]
        last, stable = self._open_group(stable=False), self._open_group(stable=True)
        try:
            told = last.committed(parts)
            return {(part.topic, part.partition): part.offset for part in told if not _tells(stable, part)}
        finally:
            last.close()
            stable.close()


def _tells(stable: GroupOffsets, part: TopicPartition) -> bool:
    try:
        stable.committed([TopicPartition(part.topic, part.partition)], STABLE_S)
    except KafkaException:
        return False
    return True
