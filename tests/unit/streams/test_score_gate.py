"""The gate: no request is taken before something is served and the transactional ids are taken over."""

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.score.gate import Gate


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """A gate that opens sets the garbage collector for a worker's life; the tests after this one want theirs back."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class FakeSource:
    """Notes that it runs and what was done before."""

    def __init__(self, done: list[str]) -> None:
        self._done = done
        self.stopped = False

    def run(self, hand: Callable[[Any], None]) -> None:
        self._done.append("reading")

    def stop(self) -> None:
        self.stopped = True


class Opening:
    """Takes over the transactional ids; fails so often before."""

    def __init__(self, done: list[str], failures: int = 0) -> None:
        self._done, self._failures = done, failures

    def __call__(self) -> None:
        self._done.append("opening")
        if self._done.count("opening") <= self._failures:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "the coordinator is away"))


def served() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_the_producers_are_opened_before_the_first_read() -> None:
    done: list[str] = []
    Gate(FakeSource(done), served(), Opening(done)).run(lambda batch: None)  # type: ignore[arg-type]
    assert done == ["opening", "reading"]


def test_producers_that_cannot_be_opened_are_tried_again() -> None:
    done: list[str] = []
    Gate(FakeSource(done), served(), Opening(done, failures=1)).run(lambda batch: None)  # type: ignore[arg-type]
    assert done == ["opening", "opening", "reading"]


def test_nothing_is_read_until_a_release_is_served() -> None:
    done: list[str] = []
    serving = threading.Event()
    source = FakeSource(done)
    gate = Gate(source, serving, Opening(done))  # type: ignore[arg-type]
    thread = threading.Thread(target=gate.run, args=(lambda batch: None,))
    thread.start()
    gate.stop()
    thread.join(30)
    assert not thread.is_alive() and "reading" not in done and source.stopped


def test_a_stop_while_the_producers_are_away_reads_nothing() -> None:
    done: list[str] = []

    def away() -> None:
        done.append("opening")
        gate.stop()
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "away"))

    gate = Gate(FakeSource(done), served(), away)  # type: ignore[arg-type]
    gate.run(lambda batch: None)
    assert done == ["opening"]
