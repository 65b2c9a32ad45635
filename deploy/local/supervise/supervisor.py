"""A set of named children that are kept running."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.supervise.child import Child, Keeper, Status
from deploy.local.supervise.errors import SuperviseError
from deploy.local.supervise.events import Event
from deploy.local.supervise.spare import Spare

GRACE_SECONDS = 10.0


class Supervisor:
    """Starts children, starts them again when they end unasked, stops them; all die with this process.

    on_event is called from the children's own threads: hand over a queue's put, or something as quick. The output
    of a child is appended to <log_folder>/<name>.log.
    """

    def __init__(
        self, log_folder: Path, on_event: Callable[[Event], None] = lambda _: None, spare: Spare | None = None
    ) -> None:
        self._log_folder = log_folder
        self._spare = spare
        self._on_event = on_event
        self._keepers: dict[str, Keeper] = {}

    def start(self, child: Child) -> None:
        """Starts a child and keeps it running; a stopped one of that name is replaced, its counts begin anew."""
        known = self._keepers.get(child.name)
        if known and known.alive:
            raise SuperviseError.running(child.name)
        self._log_folder.mkdir(parents=True, exist_ok=True)
        self._keepers[child.name] = Keeper(child, self._log_folder / f"{child.name}.log", self._on_event, self._spare)

    def status(self, name: str) -> Status:
        """How one child is."""
        return self._keeper(name).status()

    def statuses(self) -> list[Status]:
        """How all children are, in the order of their start."""
        return [keeper.status() for keeper in self._keepers.values()]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to a child; one that ends by it ended unasked and is started again."""
        self._keeper(name).signal(number)

    def stop(self, *names: str, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stops these children side by side: SIGTERM, then SIGKILL for what is left after the grace."""
        keepers = [self._keeper(name) for name in names]
        for keeper in keepers:
            keeper.ask_to_stop()
        deadline = time.monotonic() + grace_seconds
        for keeper in keepers:
            keeper.await_stop(deadline - time.monotonic())

    def stop_all(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stops all children side by side; where the order matters, stop them by name before."""
        self.stop(*self._keepers, grace_seconds=grace_seconds)

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def _keeper(self, name: str) -> Keeper:
        if name not in self._keepers:
            raise SuperviseError.unknown(name, list(self._keepers))
        return self._keepers[name]
