"""Holds a scorer's source back until there is something to answer with."""

import threading
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaException
from threadpoolctl import threadpool_limits

from streams.engine.allocator import give_back
from streams.engine.batch import Batch
from streams.engine.garbage import spare_the_collector
from streams.engine.source import GroupSource
from streams.score.absent import note_absence

log = structlog.get_logger()


class Gate:
    """A source that starts once a release is served and the transactional producers are open.

    Before the first request is taken a worker has replayed the releases and holds a verified model; before the first
    poll it has taken over its transactional ids, or a dead predecessor's open transaction would stall its partitions.
    """

    def __init__(self, source: GroupSource, serving: threading.Event, open_producers: Callable[[], None]) -> None:
        self._source, self._serving, self._open_producers = source, serving, open_producers
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask the source to end."""
        self._stopping.set()
        self._source.stop()

    def run(self, hand: Callable[[Batch], None]) -> None:
        """Open the producers while the model is still being loaded, wait for it, read."""
        while not self._stopping.is_set() and not self._opened():
            self._stopping.wait(1.0)
        while not self._stopping.is_set() and not self._serving.wait(0.1):
            pass
        if not self._stopping.is_set():
            _settle()
            self._source.run(hand)

    def _opened(self) -> bool:
        try:
            self._open_producers()
        except KafkaException as error:
            log.warning("producers-not-open", detail=error.args[0].str())
            return False
        return True


def _settle() -> None:
    """To be called once, when all is loaded, by the thread that reads and scores."""
    spare_the_collector()
    give_back()
    # Workers share the machine by processes; a second thread inside one only gets in their way. OpenMP heeds what the
    # thread that calls it has set, and no other.
    threadpool_limits(1)
    note_absence("pandas")
