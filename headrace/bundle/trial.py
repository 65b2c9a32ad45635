"""Trying a bundle once a machine: what passed here, with these library versions, passes again."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def tried_once(cache: Path, digest: str, trial: Callable[[], object]) -> None:
    """Run the trial of a bundle unless one has passed on this machine; whoever comes meanwhile waits for its end.

    A trial takes seconds, most of them imports. That digests, library versions and types hold is checked at every load
    all the same; this only spares the golden vectors, which cannot change while those do not.
    """
    cache.mkdir(parents=True, exist_ok=True)
    passed = cache / f"{digest}.tried"
    with _held(cache / f"{digest}.lock"):
        if not passed.exists():
            trial()
            passed.touch()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
