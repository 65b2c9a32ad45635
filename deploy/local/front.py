"""The ClickHouse front as a child that is kept running, on one port."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.clickhouse.errors import PortInUse
from deploy.local.errors import FrontStartFailed
from deploy.local.kafka.ports import is_free, pick_free
from deploy.local.supervise.child import Child
from deploy.local.supervise.events import Event
from deploy.local.supervise.supervisor import Supervisor

HOST = "127.0.0.1"
NAME = "clickhouse"
PASSWORD = "HEADRACE_LOCAL_CLICKHOUSE_PASSWORD"
START_SECONDS = 60.0
PAUSE_SECONDS = 0.05
ROOT = Path(__file__).resolve().parents[2]


class LocalClickHouse:
    """Keeps the front running; started again after a crash it listens where it did."""

    def __init__(
        self,
        path: Path,
        *,
        log_folder: Path,
        port: int = 0,
        user: str = "default",
        password: str = "",
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._path, self._port, self._user, self._password = path, port, user, password
        self._supervisor = Supervisor(log_folder, on_event)
        self.log = log_folder / f"{NAME}.log"
        self._log_start = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; a port 0 is replaced by a free one when it is launched."""
        return HOST, self._port

    def launch(self) -> None:
        """Start it without waiting; raises PortInUse."""
        if self._port and not is_free(self._port):
            raise PortInUse(HOST, self._port)
        self._port = self._port or pick_free(1, besides=())[0]
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        argv = (sys.executable, "-m", "deploy.local.clickhouse", "--path", str(self._path), "--host", HOST)
        argv += ("--port", str(self._port), "--user", self._user, "--password-env", PASSWORD)
        self._supervisor.start(Child(name=NAME, argv=argv, env={PASSWORD: self._password, "PYTHONPATH": python_path()}))

    def await_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it answers; raises FrontStartFailed with what it said, and stops it."""
        deadline = time.monotonic() + seconds
        while f"ready {HOST}:{self._port}" not in (said := self._said()):
            if self._supervisor.status(NAME).last_end or time.monotonic() > deadline:
                self.stop()
                raise FrontStartFailed(said.strip() or "it said nothing", self.log)
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop it; nothing happens where it does not run."""
        self._supervisor.stop_all()

    def _said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")


def python_path() -> str:
    """PYTHONPATH for children: deploy/ and streams/ are run from the checkout and are not installed."""
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
