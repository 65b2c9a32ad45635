"""When the load generator is to send, and what it makes of what came."""

from dataclasses import replace

import numpy as np
import pytest

from deploy.bench.load.run import Answered
from deploy.bench.load.task import Task

TASK = Task(bootstrap="", requests="", answers="", partitions=1, values="", rate=100, warm_s=1.0, seconds=2.0, out="")


def test_requests_are_due_at_equal_distances() -> None:
    due = TASK.due()
    assert (len(due), TASK.warm) == (300, 100)
    assert np.diff(due) == pytest.approx(0.01)


def test_at_high_rates_several_are_due_at_once_and_the_rate_is_kept() -> None:
    due = replace(TASK, rate=10_000).due()
    assert len(due) == 30_000
    assert due[9] == due[0] and due[10] == pytest.approx(0.001)
    assert due[-1] == pytest.approx(2.999)


def test_latency_counts_from_when_a_request_was_due_and_not_from_when_it_was_sent() -> None:
    # The generator itself was held up: it sent the second one 50 ms late, and its answer came 1 ms after that.
    found = Answered(
        start=0.0, due=np.array([0.0, 0.01]), at=np.array([0.002, 0.061]), late_ms=50.0, cpu_s=0.0, values=[]
    )
    assert found.latency_ms == pytest.approx([2.0, 51.0])
