"""A value in, an answer out: what those who write no log do, one request at a time or many at once."""

import time
from collections.abc import Sequence
from typing import Any

from deploy.bench.rivals.model import Model
from deploy.bench.rivals.task import Task
from deploy.bench.rivals.wire import wire_of

# Value, partition, offset.
Placed = tuple[Any, Any, Any]


class Answering:
    """The model and the format of a task."""

    def __init__(self, task: Task) -> None:
        self._model, self._wire = Model.read(task.bundle), wire_of(task)

    def one(self, value: Any, partition: Any, offset: Any) -> bytes:
        """One request, one call of predict."""
        request = self._wire.request(value)
        return self._wire.answer(request, self._model.score(request), partition, offset, time.time_ns() // 1000)

    def many(self, placed: Sequence[Placed]) -> list[bytes]:
        """A batch, one call of predict."""
        requests = [self._wire.request(value) for value, _, _ in placed]
        scores, answer, now_us = self._model.scores(requests), self._wire.answer, time.time_ns() // 1000
        return [
            answer(request, score, partition, offset, now_us)
            for request, score, (_, partition, offset) in zip(requests, scores, placed, strict=True)
        ]
