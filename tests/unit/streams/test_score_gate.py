"""The gate: no request is taken before something is served and the transactional ids are taken over."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from confluent_kafka import KafkaError, KafkaException
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from threadpoolctl import threadpool_info

from streams.score.gate import Gate


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """A gate that opens settles its process for a worker's life; the tests after this one want theirs back."""
    before, finders = gc.get_threshold(), list(sys.meta_path)
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    sys.meta_path[:] = finders


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


class Asking(FakeSource):
    """Does something on the thread that reads and scores."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        super().__init__([])
        self._ask, self.heard = ask, None

    def run(self, hand: Callable[[Any], None]) -> None:
        self.heard = self._ask()


def beside(ask: Callable[[], Any]) -> Any:
    """What it says on a gate's own thread."""
    source = Asking(ask)
    gate = Gate(source, served(), lambda: None)  # type: ignore[arg-type]
    thread = threading.Thread(target=gate.run, args=(lambda batch: None,))
    thread.start()
    thread.join(60)
    return source.heard


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has one thread in any case")
def test_the_thread_that_scores_makes_no_others() -> None:
    """Seen to fail with the limit set by the main thread: OpenMP asks the thread that calls it."""
    HistGradientBoostingRegressor(max_iter=1).fit(np.eye(2), [0, 1])
    found = beside(lambda: {lib["num_threads"] for lib in threadpool_info()})
    assert found == {1}


def test_an_import_of_what_is_not_installed_fails_at_once_and_is_an_ordinary_failure() -> None:
    def without() -> tuple[Any, int]:
        looked: list[str] = []
        sys.meta_path.insert(1, Looking(looked))  # type: ignore[arg-type]
        inputs = np.array([[1.0], [np.nan], [3.0]])
        return SimpleImputer().fit(inputs).transform(inputs).ravel().tolist(), looked.count("pandas")

    assert beside(without) == ([1.0, 2.0, 3.0], 0)
    with pytest.raises(ModuleNotFoundError, match="No module named 'pandas'") as raised:
        __import__("pandas")
    assert raised.value.name == "pandas"
    assert beside(lambda: "again") == "again"


class Looking:
    """A finder that finds nothing and notes what it was asked for."""

    def __init__(self, looked: list[str]) -> None:
        self._looked = looked

    def find_spec(self, name: str, *place: Any) -> None:
        self._looked.append(name)
