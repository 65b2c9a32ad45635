"""The jars of the broker: in a cache folder, checked before each use, fetched when missing."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL

from deploy.local.kafka.errors import JarTampered
from deploy.local.kafka.fetch import Meter, fetch
from deploy.local.kafka.lock import LOCK, LockedJar, read_lock

_AT_ONCE = 8


def default_cache() -> Path:
    """The folder for jars where none is named."""
    # The XDG rules: an unset, empty or relative value means the default.
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    return root / "headrace" / "kafka-4.0.2"


def ensure_jars(
    cache: Path | None = None,
    *,
    repository: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    lock: Path = LOCK,
) -> tuple[Path, ...]:
    """The checked jars, in the order of the lock; missing ones are fetched from the repository, a Maven mirror's URL.

    progress is given (bytes fetched, bytes to fetch) while something is fetched, from one thread at a time.
    Raises JarTampered for a file that is not the locked one, JarsMissing when one cannot be fetched.
    """
    folder = cache or default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    jars = read_lock(lock)
    missing = [jar for jar in jars if not jar.is_in(folder)]
    _fetch_all(missing, folder, repository or MAVEN_CENTRAL_URL, progress)
    _check_all(jars, folder)
    return tuple(folder / jar.name for jar in jars)


def _fetch_all(
    missing: list[LockedJar], folder: Path, repository: str, progress: Callable[[int, int], None] | None
) -> None:
    if not missing:
        return
    meter = Meter(sum(jar.size for jar in missing), progress)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetches = [pool.submit(fetch, jar, folder, repository.rstrip("/"), meter) for jar in missing]
        try:
            for done in as_completed(fetches):
                done.result()
        finally:
            # After a failure the others would each run into it too, with all their retries.
            pool.shutdown(wait=False, cancel_futures=True)


def _check_all(jars: tuple[LockedJar, ...], folder: Path) -> None:
    # What was fetched just now is read again: what counts is what lies in the folder.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        same = pool.map(lambda jar: jar.is_same_as(folder / jar.name), jars)
        for jar, is_same in zip(jars, same, strict=True):
            if not is_same:
                raise JarTampered.in_cache(folder / jar.name)
