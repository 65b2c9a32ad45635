"""What workers spend while they have nothing to do: processor seconds over all their lives, and lines of log."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.faults.worker import Worker

PERIOD_S = 0.25
TICKS_S = os.sysconf("SC_CLK_TCK")


class Spending:
    """Counts from when it is made. A life's last quarter of a second may be missed."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._first: dict[int, float] = {worker.pid: _seconds(worker.pid) for worker in workers}
        self._last = dict(self._first)
        self._lines = self._count()
        self._lives = sum(len(worker.ends) for worker in workers)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, int, int]:
        """Processor seconds, lines of log and lives that ended, since it was made."""
        self._closing.set()
        self._thread.join()
        self._sample()
        spent = sum(last - self._first.get(pid, 0.0) for pid, last in self._last.items())
        lives = sum(len(worker.ends) for worker in self._workers) - self._lives
        return spent, self._count() - self._lines, lives

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            self._sample()

    def _sample(self) -> None:
        for pid in [worker.pid for worker in self._workers]:
            self._last[pid] = max(_seconds(pid), self._last.get(pid, 0.0))

    def _count(self) -> int:
        return sum(worker.said("\n") for worker in self._workers)


def _seconds(pid: int) -> float:
    """Of user and system; nothing of a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_S
