"""One process in waiting, for whichever child ends first."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock, Timer

from deploy.local.supervise.spawn import Process, spawn

# Not at once: it would take processor time from the children that are just starting.
PREPARE_SECONDS = 8.0


class Spare:
    """A program that has done the slow part of its start and waits on its standard input for what to be."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], log: Path, seconds: float = PREPARE_SECONDS
    ) -> None:
        self._argv, self._env, self._log, self._seconds = argv, env, log, seconds
        self._stopped = False
        self._lock = Lock()
        self._waiting: Process | None = None
        self._timer: Timer | None = None

    @property
    def ready(self) -> bool:
        """Whether a process waits."""
        with self._lock:
            return self._waiting is not None and self._waiting.poll() is None

    def prepare(self) -> None:
        """Have one ready after a while."""
        with self._lock:
            self._prepare()

    def take(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Process | None:
        """Let the waiting process become this child; None when none waits. The next one is prepared."""
        with self._lock:
            process, self._waiting = self._waiting, None
            self._prepare()
        if process is None or process.stdin is None:
            return None
        order = {"arguments": list(arguments), "env": dict(env), "log": str(log)}
        try:
            with process.stdin as told:
                told.write(json.dumps(order).encode() + b"\n")
        except OSError:
            return None
        return process if process.poll() is None else None

    def stop(self) -> None:
        """End what waits; none is prepared any more."""
        with self._lock:
            self._stopped = True
            if self._timer:
                self._timer.cancel()
            process, self._waiting = self._waiting, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.kill()
            process.wait()

    def _prepare(self) -> None:
        if self._timer is None or not self._timer.is_alive():
            self._timer = Timer(self._seconds, self._start)
            self._timer.daemon = True
            self._timer.start()

    def _start(self) -> None:
        with self._lock:
            if self._waiting is None and not self._stopped:
                self._waiting = spawn(self._argv, env=self._env, log=self._log, told_by_pipe=True)
