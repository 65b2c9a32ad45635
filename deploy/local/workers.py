"""The workers of the local stack: scorers and a sink, kept running."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.folder import StackFolder
from deploy.local.kafka.ports import pick_free
from deploy.local.part import python_path
from deploy.local.supervise.child import Child
from deploy.local.supervise.events import Event
from deploy.local.supervise.spare import Spare
from deploy.local.supervise.supervisor import Supervisor

# A worker ends its batch, leaves its group and closes: the design asks for ten seconds.
STOP_SECONDS = 12.0


class Workers:
    """Children that run `headrace worker …`; supervisor is there to ask and to signal."""

    def __init__(self, folder: StackFolder, on_event: Callable[[Event], None]) -> None:
        spare_env = {**os.environ, "PYTHONPATH": python_path()}
        self._spare = Spare((sys.executable, "-m", "streams.spare"), spare_env, folder.logs / "spare.log")
        self.supervisor = Supervisor(folder.logs, on_event, self._spare)
        self._data_dir: Path = folder.root
        self._http_ports: dict[str, int] = {}

    def start_scorers(self, model: str, count: int, delivery: str = "exactly-once") -> list[str]:
        """Start so many scorers of a model; their names."""
        env = {"HEADRACE_WORKER__DELIVERY": delivery}
        names = [f"score-{model}-{number}" for number in range(1, count + 1)]
        for name in names:
            self.start(name, "score", "--model", model, env=env)
        self._spare.prepare()
        return names

    def start_sink(self) -> str:
        """Start the sink; its name."""
        return self.start("sink-1", "sink")

    def start(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Start `headrace worker ARGUMENTS` under a stable name; env adds to what it gets."""
        (port,) = pick_free(1, besides=self._http_ports.values())
        self._http_ports[name] = port
        own = {
            "HEADRACE_DATA_DIR": str(self._data_dir),
            "HEADRACE_WORKER__NAME": name,
            "HEADRACE_WORKER__HTTP_PORT": str(port),
            "PYTHONPATH": python_path(),
        }
        argv = (sys.executable, "-m", "headrace", "worker", *arguments)
        # Only a scorer's start is slow, and only its partitions wait for it.
        spare = ("worker", *arguments) if arguments[0] == "score" else None
        child = Child(name=name, argv=argv, env={**own, **(env or {})}, spare_arguments=spare)
        self.supervisor.start(child)
        return name

    @property
    def http_ports(self) -> dict[str, int]:
        """Where each worker tells its health and metrics, on 127.0.0.1."""
        return dict(self._http_ports)

    def stop(self) -> None:
        """Stop all of them side by side."""
        self._spare.stop()
        self.supervisor.stop_all(STOP_SECONDS)
