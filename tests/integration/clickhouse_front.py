"""The local ClickHouse as a process of its own, for tests."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

ROOT = Path(__file__).resolve().parents[2]


class ClickHouseFront:
    """Started when entered, ended when left; `kill` and `start` in between make a restart."""

    def __init__(self, path: Path, *options: str, **environment: str) -> None:
        self.path = path
        self.port = 0
        self._options = options
        self._environment = environment

    def start(self) -> ClickHouseFront:
        self.process = spawn("--path", str(self.path), "--port", "0", *self._options, **self._environment)
        self.port = int(re.fullmatch(r"ready 127\.0\.0\.1:(\d+)\n", first_line(self.process))[1])
        return self

    def client(self, **options: Any) -> Client:
        return Client("127.0.0.1", self.port, **options)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=10)
        return self.process.returncode

    def __enter__(self) -> ClickHouseFront:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def spawn(*options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.local.clickhouse", "--die-with-parent", *options],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str], seconds: float = 30) -> str:
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    assert readable, "nothing on stdout in time"
    return process.stdout.readline() or process.stderr.read()


def eventually(holds: Callable[[], Any], seconds: float = 10) -> Any:
    """Ask until the answer is truthy; the requests themselves are the pause."""
    until = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < until, "did not come true in time"
    return answer
