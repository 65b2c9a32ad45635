"""One thing is made while another is in use."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from streams.sink.ahead import ahead

PATIENCE_S = 20.0


class Maker:
    """Makes numbers and tells of each that it is made; one of them may fail."""

    def __init__(self, count: int, fails: int = -1) -> None:
        self._count, self._fails = count, fails
        self.made: list[int] = []
        self.threads: set[threading.Thread] = set()
        self.told = threading.Condition()

    def numbers(self) -> Iterator[int]:
        for number in range(self._count):
            if number == self._fails:
                raise ValueError(f"number {number} cannot be made")
            with self.told:
                self.made.append(number)
                self.threads.add(threading.current_thread())
                self.told.notify()
            yield number

    def reached(self, number: int) -> bool:
        """Whether this one is made, sooner or later."""
        with self.told:
            return self.told.wait_for(lambda: number in self.made, PATIENCE_S)


def test_each_is_made_while_the_one_before_is_in_use_and_none_further_ahead() -> None:
    """Seen to fail with items that are made when they are asked for, and with two of them made in advance."""
    maker = Maker(5)
    with closing(ahead(maker.numbers())) as items:
        for place, item in enumerate(items):
            assert item == place
            assert item == 4 or maker.reached(item + 1)
            assert maker.made == list(range(min(item + 2, 5)))
    assert threading.current_thread() not in maker.threads and len(maker.threads) == 1


def test_what_cannot_be_made_is_told_after_all_that_could_be() -> None:
    """Seen to fail with an error that ends the items without a word."""
    used = []
    maker = Maker(5, fails=2)
    with pytest.raises(ValueError, match="number 2"), closing(ahead(maker.numbers())) as items:
        used.extend(items)
    assert used == [0, 1]
    assert not any(thread.is_alive() for thread in maker.threads)


def test_closed_in_between_it_makes_no_more_and_leaves_no_thread() -> None:
    """Seen to fail with a thread that is neither told nor waited for."""
    maker = Maker(5)
    with pytest.raises(KeyError), closing(ahead(maker.numbers())) as items:
        for _ in items:
            raise KeyError
    assert maker.made == [0, 1]
    assert not any(thread.is_alive() for thread in maker.threads)


def test_of_nothing_nothing_is_made() -> None:
    assert list(ahead(iter(()))) == []
