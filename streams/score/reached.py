"""How far a partition of requests was answered, told by the log of what was answered."""

from collections.abc import Callable

from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import read_spans, whole_span
from headrace.wire.logblock import LogHeader, decode_block
from streams.engine.batch import Place
from streams.engine.settled import Reached

# Blocks that are looked through at first; their bodies may have half a megabyte each.
LAST = 200
AT_ONCE = 50


class ReachedByLog:
    """A batch's block is written in the transaction that commits its offset, so it is there if that was decided."""

    def __init__(self, address: KafkaAddress, topic: str, log_partition: Callable[[int], int]) -> None:
        self._address, self._topic, self._log_partition = address, topic, log_partition

    def __call__(self, place: Place, committed: int) -> Reached:
        """What the last block says that goes on from there; the committed offset where none does."""
        header = self._last_block(place[1])
        worker = header.worker if header else None
        if header is None or header.first_offset < committed:
            return Reached(max(0, committed), worker)
        return Reached(header.last_offset + 1, worker)

    def _last_block(self, source_partition: int) -> LogHeader | None:
        """The header of the last visible block; raises HeldBack while one is behind an open transaction."""
        partition = self._log_partition(source_partition)
        low, until = whole_span(self._address, self._topic, partition)
        span = LAST
        while until > low:
            since = max(low, until - span)
            found = None
            for messages in read_spans(self._address, self._topic, {partition: (since, until)}, batch=AT_ONCE):
                headers = [decode_block(message.value() or b"")[0] for message in messages]
                found = next((h for h in reversed(headers) if h.source_partition == source_partition), found)
            if found is not None:
                return found
            until, span = since, span * 4
        return None
