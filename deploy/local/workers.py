"""The workers of the local stack: scorers and a sink, kept running."""

import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.folder import StackFolder
from deploy.local.kafka.ports import pick_free
from deploy.local.part import python_path
from deploy.local.supervise.child import Child
from deploy.local.supervise.events import Event
from deploy.local.supervise.supervisor import Supervisor

# A worker ends its batch, leaves its group and closes: the design asks for ten seconds.
STOP_SECONDS = 12.0


class Workers:
    """Children that run `headrace worker …`; supervisor is there to ask and to signal."""

    def __init__(self, folder: StackFolder, on_event: Callable[[Event], None]) -> None:
        self.supervisor = Supervisor(folder.logs, on_event)
        self._data_dir: Path = folder.root
        self._http_ports: dict[str, int] = {}

    def start_scorers(self, model: str, count: int) -> list[str]:
        """Start so many scorers of a model; their names."""
        return [self.start(f"score-{model}-{number}", "score", "--model", model) for number in range(1, count + 1)]

    def start_sink(self) -> str:
        """Start the sink; its name."""
        return self.start("sink-1", "sink")

    def start(self, name: str, *arguments: str) -> str:
        """Start `headrace worker ARGUMENTS` under a stable name."""
        (port,) = pick_free(1, besides=self._http_ports.values())
        self._http_ports[name] = port
        env = {
            "HEADRACE_DATA_DIR": str(self._data_dir),
            "HEADRACE_WORKER__NAME": name,
            "HEADRACE_WORKER__HTTP_PORT": str(port),
            "PYTHONPATH": python_path(),
        }
        self.supervisor.start(Child(name=name, argv=(sys.executable, "-m", "headrace", "worker", *arguments), env=env))
        return name

    @property
    def http_ports(self) -> dict[str, int]:
        """Where each worker tells its health and metrics, on 127.0.0.1."""
        return dict(self._http_ports)

    def stop(self) -> None:
        """Stop all of them side by side."""
        self.supervisor.stop_all(STOP_SECONDS)
