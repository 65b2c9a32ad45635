"""Making one thing while another is in use."""

from collections.abc import Generator, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items in the same order, each made on another thread while the one before is in use.

    Only one is ever made in advance. What goes wrong is raised here, in its place; closed, it leaves no thread.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    made: SimpleQueue[T | BaseException | None] = SimpleQueue()
    # Not a pool: it takes no more work once the interpreter ends, and the batch that a stop overtook would call that
    # a failure.
    thread = Thread(target=_make, args=(items, wanted, made), name="ahead", daemon=True)
    thread.start()
    try:
        wanted.put(True)
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            wanted.put(True)
            yield item
    finally:
        wanted.put(False)
        thread.join()


def _make(items: Iterator[T], wanted: "SimpleQueue[bool]", made: "SimpleQueue[T | BaseException | None]") -> None:
    """Make an item each time that one is wanted; None after the last."""
    while wanted.get():
        try:
            made.put(next(items, None))
        except BaseException as error:  # noqa: BLE001 - raised where the items are used
            made.put(error)
