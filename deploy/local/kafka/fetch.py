"""Fetching one jar into a folder, checked before it gets its name."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import stamina

from deploy.local.kafka.errors import JarsMissing, JarTampered
from deploy.local.kafka.lock import LockedJar

_TIMEOUT_SECONDS = 30
_ATTEMPTS = 4
_CHUNK = 1 << 16
_NETWORK_ERRORS = (OSError, http.client.HTTPException)


class Meter:
    """Adds up what several threads have fetched; a retried jar is taken back, so the count may fall."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = Lock()

    def add(self, count: int) -> None:
        """Counts bytes and tells."""
        with self._lock:
            self._done += count
            if self._progress:
                self._progress(self._done, self._total)


def fetch(jar: LockedJar, folder: Path, repository: str, meter: Meter) -> None:
    """Puts the jar into the folder; a file half fetched or not the locked one never gets its name."""
    try:
        content = _download(jar, f"{repository}/{jar.path}", meter)
    except _NETWORK_ERRORS as error:
        raise JarsMissing(jar.name, repository, folder, error) from error
    if len(content) != jar.size or hashlib.sha256(content).hexdigest() != jar.sha256:
        raise JarTampered.from_repository(jar.name, repository)
    _put(content, folder / jar.name)


def _download(jar: LockedJar, url: str, meter: Meter) -> bytes:
    for attempt in stamina.retry_context(
        on=_is_passing, attempts=_ATTEMPTS, timeout=None, wait_max=2.0, wait_jitter=0.2
    ):
        with attempt:
            return _read(jar, url, meter)
    raise AssertionError("a retry context ends by returning or raising")


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: the network failed, or the server is at odds with itself."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code == 429
    return isinstance(error, _NETWORK_ERRORS)


def _read(jar: LockedJar, url: str, meter: Meter) -> bytes:
    """At most one byte more than the jar has: enough to see that it is too long, whatever a server sends."""
    content = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
            announced = answer.headers.get("Content-Length")
            while len(content) <= jar.size and (chunk := answer.read(min(_CHUNK, jar.size + 1 - len(content)))):
                content += chunk
                meter.add(len(chunk))
        # http.client ends in silence when the connection is cut while reading in pieces.
        if announced and len(content) < min(int(announced), jar.size):
            raise ConnectionError(f"the connection ended after {len(content)} of {announced} bytes")
    except BaseException as error:
        meter.add(-len(content))
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise
    return bytes(content)


def _put(content: bytes, path: Path) -> None:
    """Writes beside and renames, so that another process sees all of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
        try:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink()
            raise
