"""Kafka, ClickHouse and workers on this machine, as one thing to start and stop."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folder import StackFolder
from deploy.local.kafka.jars import ensure_jars
from deploy.local.keys import make_first_key
from deploy.local.part import HOST, Part, launch_clickhouse, launch_kafka
from deploy.local.supervise.events import Event
from deploy.local.workers import Workers
from headrace.settings import Settings, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everything is, and whether this stack runs it or the user does."""

    kafka: str
    clickhouse: tuple[str, int]
    local_kafka: bool
    local_clickhouse: bool


class LocalStack:
    """Starts what the settings do not name as the user's own; data stays in data_dir.

    told gets lines for a person while it starts; on_event what becomes of the children, from threads of their own.
    A port 0 picks a free one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        kafka_port: int = 0,
        clickhouse_port: int = 0,
        told: Callable[[str], None] = lambda _: None,
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self.folder = StackFolder(root=data_dir.resolve())
        self.workers = Workers(self.folder, on_event)
        self._kafka = Part("Kafka", kafka_port, self.folder.logs, on_event)
        self._clickhouse = Part("ClickHouse", clickhouse_port, self.folder.logs, on_event)
        self._told = told
        self._undo = ExitStack()
        self._settings: Settings | None = None

    @property
    def data_dir(self) -> Path:
        """The folder that keeps everything; absolute."""
        return self.folder.root

    @property
    def settings(self) -> Settings:
        """Settings with which this process finds the stack; known once it has started."""
        assert self._settings, "the stack has not been started"
        return self._settings

    def start(self) -> Addresses:
        """Start it and return when all of it answers; what was started is stopped again when something fails.

        Raises StackFolderInUse, FolderUnusable, PortTaken, PartStartFailed, JarsMissing or JarTampered.
        """
        try:
            self._undo.enter_context(self.folder.held())
            own = load(data_dir=self.data_dir)
            if key := make_first_key(own):
                self._told(f"made a signing key: {key}")
            self._start_parts(own)
            self._settings = load(data_dir=self.data_dir)
        except BaseException:
            # Ctrl-C while it starts, too: who was not given a running stack will not stop it.
            self.stop()
            raise
        return _addresses(self._settings, own)

    def stop(self) -> None:
        """Stop the workers, then ClickHouse, then Kafka; safe to repeat."""
        self.workers.stop()
        self._undo.close()

    def __enter__(self) -> "LocalStack":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_parts(self, own: Settings) -> None:
        kafka, clickhouse = not own.kafka.bootstrap, not own.clickhouse.host
        # What is entered last ends first: the file of addresses, ClickHouse, Kafka, the hold on the folder.
        if kafka:
            self._fetch_jars()
            self._undo.callback(self._kafka.stop)
            launch_kafka(self._kafka, self.folder.kafka)
        if clickhouse:
            self._undo.callback(self._clickhouse.stop)
            login = own.clickhouse.user, own.clickhouse.password.get_secret_value()
            launch_clickhouse(self._clickhouse, self.folder.clickhouse, user=login[0], password=login[1])
        for part in [self._kafka] * kafka + [self._clickhouse] * clickhouse:
            part.await_ready()
        self._undo.callback(self.folder.retract)
        self.folder.publish(
            kafka=self._kafka.address if kafka else None,
            clickhouse=(HOST, self._clickhouse.port) if clickhouse else None,
        )

    def _fetch_jars(self) -> None:
        told = False

        def progress(_: int, total: int) -> None:
            nonlocal told
            if not told:
                self._told(f"fetching Apache Kafka, {total // 1_000_000} MB, once …")
            told = True

        ensure_jars(progress=progress)


def _addresses(settings: Settings, own: Settings) -> Addresses:
    return Addresses(
        kafka=settings.bootstrap(),
        clickhouse=settings.clickhouse_address(),
        local_kafka=not own.kafka.bootstrap,
        local_clickhouse=not own.clickhouse.host,
    )
