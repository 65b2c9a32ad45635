"""How far a partition of tasks was done, told by the receipts that were sent in the transactions of answers."""

from itertools import chain

from msgspec.structs import replace

from headrace.batch.tasks import decoded
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import read_spans, whole_span
from streams.engine.batch import Place, offset_of
from streams.engine.settled import Reached


class ReachedByReceipt:
    """The next task is done if its receipt stands behind it."""

    def __init__(self, address: KafkaAddress) -> None:
        self._address = address

    def __call__(self, place: Place, committed: int) -> Reached:
        """Behind the next task where it is done; the committed offset where not."""
        topic, partition = place
        low, until = whole_span(self._address, topic, partition)
        since = max(low, committed)
        waiting = chain.from_iterable(read_spans(self._address, topic, {partition: (since, until)}))
        tasks = [(offset_of(message), task) for message in waiting if (task := decoded(message.value()))]
        for _, told in tasks[1:]:
            if told.receipt is not None and replace(told, receipt=None) == tasks[0][1]:
                return Reached(tasks[0][0] + 1, told.receipt.worker)
        return Reached(max(0, committed), None)
