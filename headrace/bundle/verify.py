"""Trying a bundle in a limited child process, so that one that crashes, hangs or eats memory harms nobody."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headrace.bundle import errors
from headrace.bundle.errors import BundleError, ProbeDied
from headrace.bundle.load import SIZE_CAP, checked_files

# The child gets no credentials and no settings: only what Python needs to start.
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
# One thread each: a process that forks must have one, and threads' stacks would use up the limit on memory.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
START_S = 60.0
GRACE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What trying a bundle may take."""

    memory_bytes: int = 3 * 1024**3
    seconds: float = 60.0
    us_per_row: float = 1000.0
    size_cap: int = SIZE_CAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was measured of a bundle that holds."""

    digest: str
    golden_rows: int
    load_ms: float
    us_per_row: float
    one_row_us: float
    peak_mb: float


class Prober:
    """A warm child process that forks a limited one for each bundle.

    Importing scikit-learn and skops takes seconds; a fork of a process that has them takes milliseconds.
    start() may be called early; close() frees its memory, and the next verify() starts it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Any = None

    def start(self) -> None:
        """Begin the imports; returns at once."""
        with self._lock:
            self._running()

    def verify(self, folder: Path, expected_digest: str, limits: Limits | None = None) -> Verified:
        """Load, golden vectors and time per row in a child process; raises the BundleError that the child met."""
        limits = limits or Limits()
        checked_files(folder, expected_digest, size_cap=limits.size_cap)
        order = {"folder": str(folder.resolve()), "digest": expected_digest, **asdict(limits)}
        with self._lock:
            answer = self._ask(order, limits)
        if answer.get("ok"):
            return Verified(**answer["verified"])
        raise getattr(errors, str(answer.get("error")), BundleError)(str(answer.get("reason")))

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._stop()

    def _ask(self, order: dict[str, Any], limits: Limits) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            line = _line(process.stdout.fileno(), START_S + limits.seconds + GRACE_S)
            answer: dict[str, Any] = json.loads(line)
            return answer
        except (OSError, ValueError) as error:
            self._stop()
            raise ProbeDied(f"the process that tries bundles does not answer: {error}") from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headrace.bundle.probe"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={k: os.environ[k] for k in PASSED_ON if k in os.environ} | THREADS,
                cwd="/",
                start_new_session=True,
            )
            self._end = weakref.finalize(self, _end, self._process)
        return self._process

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None


def verify(folder: Path, expected_digest: str, limits: Limits | None = None) -> Verified:
    """Prober.verify with a child process of its own."""
    prober = Prober()
    try:
        return prober.verify(folder, expected_digest, limits)
    finally:
        prober.close()


def _line(descriptor: int, patience: float) -> bytes:
    line, deadline = b"", time.monotonic() + patience
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError("it hangs")
        part = os.read(descriptor, 65536)
        if not part:
            raise BrokenPipeError("it ended")
        line += part
    return line


def _end(process: subprocess.Popen[bytes]) -> None:
    # It has no state worth a farewell; SIGKILL to the session also ends one that hangs, and its fork.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        # One that ended may have left an order unread, which closing would try to send once more.
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
