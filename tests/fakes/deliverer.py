"""Takes outputs instead of Kafka."""

from collections.abc import Sequence

from streams.engine.batch import Batch
from streams.engine.errors import NotDelivered
from streams.engine.outputs import Outputs


class FakeDeliverer:
    """Fails as scripted (None: delivers), then delivers; keeps what it was asked to deliver and what it did."""

    def __init__(self, *script: NotDelivered | None) -> None:
        self._script: Sequence[NotDelivered | None] = list(script)
        self.asked: list[Outputs] = []
        self.delivered: list[Outputs] = []

    def deliver(self, batch: Batch, outputs: Outputs) -> None:
        turn = len(self.asked)
        self.asked.append(outputs)
        batch.let_go()
        if turn < len(self._script) and (error := self._script[turn]) is not None:
            raise error
        self.delivered.append(outputs)
