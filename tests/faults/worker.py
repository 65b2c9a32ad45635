"""A worker as a real process that is started again when it ends, with another failpoint in each life."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.supervise.spawn import Process, spawn

ROOT = Path(__file__).resolve().parents[2]
# Names a folder with another Headrace, which workers are to be of.
PRODUCT = "FAULTS_PRODUCT"
LEAVING_S = 15
# A worker that could not begin, for instance because Kafka did not answer it in time.
NOT_BEGUN = 2


class Worker:
    """`headrace worker …` under a name. `ends` holds the return codes.

    Each life gets the next of the failpoints, later ones none; one that did not begin leaves its failpoint to the next.
    """

    def __init__(
        self, command: Sequence[str], name: str, env: Mapping[str, str], folder: Path, failpoints: Sequence[str] = ()
    ) -> None:
        self._argv = [sys.executable, "-m", "headrace", "worker", *command]
        own = {"HEADRACE_WORKER__NAME": name, "PYTHONPATH": os.environ.get(PRODUCT, str(ROOT))}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HEADRACE_")}
        self._env, self._failpoints = {**kept, **env, **own}, list(failpoints)
        self.log = folder / f"{name}.log"
        self.ends: list[int] = []
        self._stopping = threading.Event()
        self._process = self._spawn()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process of the present life."""
        return self._process.pid

    def said(self, text: str) -> int:
        """How often the log says this, over all lives."""
        return self.log.read_text(encoding="utf-8", errors="replace").count(text) if self.log.exists() else 0

    def frozen(self) -> bool:
        """Whether the process was stopped by SIGSTOP."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:  # between two lives
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the present life."""
        self._process.send_signal(number)

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting; not started again."""
        self._stopping.set()
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not leave; not started again."""
        self.ask_to_stop()
        self._thread.join(LEAVING_S)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _keep(self) -> None:
        while True:
            self.ends.append(self._process.wait())
            if self.ends[-1] != NOT_BEGUN:
                self._failpoints = self._failpoints[1:]
            if self._stopping.is_set():
                return
            self._process = self._spawn()
            if self._stopping.is_set():
                self._process.kill()

    def _spawn(self) -> Process:
        asked = self._failpoints[0] if self._failpoints else ""
        return spawn(self._argv, env=self._env | {"HEADRACE_FAILPOINT": asked}, log=self.log)


def until(happened: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Poll until it happened; fails saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
