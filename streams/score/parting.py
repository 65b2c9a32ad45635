"""Letting go of a model without holding up those who answer requests meanwhile."""

import gc
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

# Python lets another thread wait for 5 ms by default before it interrupts the one that runs. A batch waits for brokers
# a dozen times, and would wait for that each time.
INTERRUPTED_AFTER_S = 50e-6
SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType)
ATOMS = (str, bytes, int, float, complex, type(None))


@contextmanager
def giving_way() -> Iterator[None]:
    """What is done inside is interrupted at once when another thread can run."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(INTERRUPTED_AFTER_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def let_go(held: list[Any]) -> None:
    """Empty the list; what nobody else holds is freed part by part.

    The last reference to a model frees all of it at once, and no other thread can run meanwhile: a forest of 180 MB
    takes 15 to 25 ms. What somebody still uses stays whole.
    """
    found = parts(held)
    held.clear()
    found.reverse()
    while found:
        found.pop()


def parts(whole: list[Any]) -> list[Any]:
    """All objects that these consist of, each before those that it holds."""
    found: dict[int, Any] = {}
    waiting = deque(whole)
    while waiting:
        part = waiting.popleft()
        if id(part) not in found and not isinstance(part, SHARED + ATOMS):
            found[id(part)] = part
            waiting += gc.get_referents(part)
    return list(found.values())
