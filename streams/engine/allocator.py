"""Keeping allocators from holding on to memory that nobody uses."""

import ctypes
from typing import Any

import pyarrow as pa

# Of glibc's mallopt.
ARENA_MAX = -8
ARENAS = 2


def spare_memory() -> None:
    """To be called once, before a worker has threads.

    glibc gives threads arenas of their own, up to eight a core, and what is freed in one stays there; a worker has some
    thirty threads, most of them librdkafka's.
    """
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(ARENA_MAX, ARENAS)


def give_back() -> None:
    """To be called when there is time: pages that are free go back to the system. Takes some milliseconds."""
    pa.default_memory_pool().release_unused()
    if (malloc_trim := _of_glibc("malloc_trim")) is not None:
        malloc_trim(0)


def _of_glibc(name: str) -> Any:
    """Other C libraries have nothing of the kind."""
    return getattr(ctypes.CDLL(None), name, None)
