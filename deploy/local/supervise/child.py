"""One supervised child: a thread that waits for its end and starts it again."""

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread
from typing import Literal

from deploy.local.supervise.backoff import BackOff
from deploy.local.supervise.events import Ended, Event, Restarting, Started, ended
from deploy.local.supervise.spare import Spare
from deploy.local.supervise.spawn import Process, spawn

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to run under which name; env is added to the supervisor's own environment.

    spare_arguments: what a process in waiting is told, in order to be this child; None: it is always begun anew.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    spare_arguments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a child is: pid while it runs, the number of restarts, how it ended last."""

    name: str
    state: Literal["running", "waiting", "stopped"]
    pid: int | None
    restarts: int
    last_end: Ended | None
    log: Path


class Keeper:
    """Keeps one child running until it is told to stop."""

    def __init__(self, child: Child, log: Path, on_event: Callable[[Event], None], spare: Spare | None = None) -> None:
        self._child = child
        self._spare = spare
        self._log = log
        self._on_event = on_event
        self._lock = Lock()
        self._stopping = Flag()
        self._restarts = 0
        self._last_end: Ended | None = None
        self._process: Process | None = self._spawn()
        self._tell_started(self._process)
        self._thread = Thread(target=self._keep, args=(self._process,), name=f"keeper {child.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the child runs or waits to be started again."""
        return self._thread.is_alive()

    def status(self) -> Status:
        with self._lock:
            process, restarts, last_end = self._process, self._restarts, self._last_end
        state: Literal["running", "waiting", "stopped"] = "stopped"
        if self.alive:
            state = "running" if process else "waiting"
        return Status(
            name=self._child.name,
            state=state,
            pid=process.pid if process else None,
            restarts=restarts,
            last_end=last_end,
            log=self._log,
        )

    def ask_to_stop(self) -> None:
        """Sends SIGTERM and stops restarting; returns at once."""
        with self._lock:
            self._stopping.set()
        self.signal(signal.SIGTERM)

    def await_stop(self, seconds: float) -> None:
        """Waits for the end; after so many seconds kills the child and what it has started."""
        self._thread.join(max(seconds, 0.0))
        if self.alive:
            self._kill_group()
            self._thread.join()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the child, if it runs."""
        with self._lock:
            if self._process:
                self._process.send_signal(number)

    def _keep(self, process: Process | None) -> None:
        back_off = BackOff()
        while process:
            born = time.monotonic()
            returncode = process.wait()
            back_off = back_off.after(time.monotonic() - born)
            asked = self._note_end(returncode)
            process = None if asked else self._restart(back_off.delay_seconds)

    def _note_end(self, returncode: int) -> bool:
        with self._lock:
            asked = self._stopping.is_set()
            self._process = None
            self._last_end = end = ended(self._child.name, returncode, asked=asked)
        self._tell(end)
        return asked

    def _restart(self, seconds: float) -> Process | None:
        self._tell(Restarting(name=self._child.name, seconds=seconds))
        self._stopping.wait(seconds)
        with self._lock:
            # Under the lock: a stop that comes now either sees the new process or prevents it.
            if self._stopping.is_set():
                return None
            self._restarts += 1
            self._process = process = self._take_spare() or self._spawn()
        self._tell_started(process)
        return process

    def _take_spare(self) -> Process | None:
        if self._spare is None or self._child.spare_arguments is None:
            return None
        return self._spare.take(self._child.spare_arguments, self._child.env, self._log)

    def _spawn(self) -> Process:
        return spawn(self._child.argv, env={**os.environ, **self._child.env}, log=self._log)

    def _tell_started(self, process: Process) -> None:
        self._tell(Started(name=self._child.name, pid=process.pid, restarts=self._restarts))

    def _kill_group(self) -> None:
        with self._lock, suppress(ProcessLookupError):
            if self._process:
                os.killpg(self._process.pid, signal.SIGKILL)

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            # A fault in a display must not end the supervision.
            logger.exception("telling %s", event)
