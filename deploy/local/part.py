"""One server of the local stack as a child that is kept running on one port."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.errors import PartStartFailed, PortTaken
from deploy.local.kafka.ports import is_free, pick_free
from deploy.local.supervise.child import Child
from deploy.local.supervise.events import Event
from deploy.local.supervise.supervisor import Supervisor

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "HEADRACE_LOCAL_CLICKHOUSE_PASSWORD"
# A broker that is started for the first time on a busy machine; KafkaServer itself gives up after 60 s.
START_SECONDS = 90.0
# Longer than KafkaServer gives the broker before it kills it.
STOP_SECONDS = 15.0
PAUSE_SECONDS = 0.02


class Part:
    """A program that prints `ready HOST:PORT`; one that ends unasked is started again where it was."""

    def __init__(
        self, what: str, port: int, log_folder: Path, on_event: Callable[[Event], None] = lambda _: None
    ) -> None:
        self.what = what
        self.port = port
        self.log = log_folder / f"{what.lower()}.log"
        self._supervisor = Supervisor(log_folder, on_event)
        self._said_before = 0

    @property
    def address(self) -> str:
        """host:port; a port 0 becomes a free one when the part is launched."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._supervisor.status(self.what.lower()).pid

    def launch(self, *module_and_options: str, env: Mapping[str, str] | None = None) -> None:
        """Start `python -m MODULE OPTIONS --port PORT` without waiting; raises PortTaken."""
        if self.port and not is_free(self.port):
            raise PortTaken(self.what, self.port)
        self.port = self.port or pick_free(1, besides=())[0]
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        argv = (sys.executable, "-m", *module_and_options, "--port", str(self.port))
        child = Child(name=self.what.lower(), argv=argv, env={"PYTHONPATH": python_path(), **(env or {})})
        self._supervisor.start(child)

    def await_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it says that it is ready; raises PartStartFailed, and it is stopped then."""
        deadline = time.monotonic() + seconds
        while f"ready {self.address}" not in (said := self._said()):
            if self._supervisor.status(self.what.lower()).last_end or time.monotonic() > deadline:
                self.stop()
                raise PartStartFailed(self.what, said.strip(), self.log)
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop it; what is not running stays so."""
        self._supervisor.stop_all(STOP_SECONDS)

    def _said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode(errors="replace")


def launch_kafka(part: Part, data: Path) -> None:
    """One broker on loopback."""
    part.launch("deploy.local.kafka", "--data", str(data))


def launch_clickhouse(part: Part, data: Path, *, user: str = "default", password: str = "") -> None:
    """The ClickHouse engine behind the native protocol."""
    options = ("--path", str(data), "--host", HOST, "--user", user, "--password-env", PASSWORD)
    part.launch("deploy.local.clickhouse", *options, env={PASSWORD: password})


def python_path() -> str:
    """PYTHONPATH for children: deploy/ and streams/ are run from the checkout and are not installed."""
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
