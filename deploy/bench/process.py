"""Processes that are measured: started without the user's own settings, and ended for sure."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.cpu import cpu_seconds
from deploy.bench.errors import BenchFailed
from deploy.local.part import HOST, python_path
from deploy.local.supervise.spawn import Process, spawn

# Processes share the machine: a second thread inside one only gets in the others' way.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
START_S = 300.0
STOP_S = 10.0
LOOK_S = 0.02
SAID = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A child; port is that of its pages, 0 where it has none."""

    name: str
    process: Process
    log: Path
    port: int = 0

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def cpu_s(self) -> float:
        """CPU seconds so far."""
        return cpu_seconds(self.pid)

    def ready(self, page: str = "readyz") -> bool:
        """Whether it says that it is ready to answer (healthz: that it is alive)."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/{page}", timeout=5) as found:
                return bool(found.status == 200)
        except OSError:
            return False

    @property
    def release(self) -> str:
        """The release that a scorer says it serves."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/status", timeout=5) as found:
                return str(json.load(found)["release"])
        except OSError:
            return ""

    def check(self) -> None:
        """Raise BenchFailed if it has ended."""
        if self.process.poll() is not None:
            raise BenchFailed(f"{self.name} ended with {self.process.returncode}:\n{self.said}")

    @property
    def said(self) -> str:
        """The end of its log, whose folder may be gone in a moment."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-SAID:]

    def stop(self) -> None:
        """End it, and kill it if it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: no HEADRACE_… of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return kept | ONE_THREAD | {"PYTHONPATH": python_path()} | dict(own)


@contextmanager
def running(
    folder: Path, name: str, *module_and_arguments: str, port: int = 0, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`python -m MODULE ARGUMENTS` until the block ends."""
    log = folder / f"{name}.log"
    log.touch()
    process = spawn((sys.executable, "-m", *module_and_arguments), env=environment(env or {}), log=log)
    child = Running(name=name, process=process, log=log, port=port)
    try:
        yield child
    finally:
        child.stop()


def await_all(
    children: tuple[Running, ...],
    done: Callable[[], bool],
    what: str,
    patience_s: float = START_S,
    look_s: float = LOOK_S,
) -> None:
    """Wait until something is so; raises BenchFailed when a child ends or patience does."""
    deadline = time.monotonic() + patience_s
    while not done():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            said = "\n".join(child.said for child in children)
            raise BenchFailed(f"{what} did not come in {patience_s:.0f} s:\n{said}")
        time.sleep(look_s)
