"""One broker as a child of this process."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from deploy.local.kafka.brokerlog import reasons, taken_port
from deploy.local.kafka.errors import BrokerStartFailed, PortInUse
from deploy.local.kafka.jars import ensure_jars
from deploy.local.kafka.java import command, environment
from deploy.local.kafka.ports import is_free, pick_free
from deploy.local.kafka.properties import Ports, render
from deploy.local.kafka.ready import await_ready
from deploy.local.kafka.startcache import start_cache
from deploy.local.kafka.storage import DataFolder, new_cluster_id
from deploy.local.supervise.spawn import Process, spawn

START_SECONDS = 60.0
STOP_SECONDS = 10.0
TRAIN_SECONDS = 120.0
PICKS = 3
LEAST_FREE_BYTES = 1 << 20
# How a Java program ends by SIGTERM, and how one ends that had not come to install its handler.
CLEAN_EXIT_CODES = (0, 128 + signal.SIGTERM, -signal.SIGTERM)


class KafkaServer:
    """A broker on 127.0.0.1 whose data stays in data_dir; it dies with this process.

    port 0 picks a free port at the first start and keeps it. settings are broker properties that win over
    broker.properties. With advertised_port clients are told that port instead, where a proxy listens. Brokers of one
    cluster have one cluster_id; without it a broker makes its own.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        jars_cache: Path | None = None,
        *,
        advertised_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        cluster_id: str | None = None,
        repository: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._folder = DataFolder(root=data_dir.resolve())
        self._port = port
        self._jars_cache = jars_cache
        self._advertised_port = advertised_port
        self._settings = dict(settings or {})
        self._cluster_id = cluster_id or new_cluster_id()
        self._repository = repository
        self._progress = progress
        self._process: Process | None = None
        self._trains: Path | None = None

    @property
    def address(self) -> str:
        """host:port of the broker itself; the port is known once it has been started."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process id while the broker runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log(self) -> Path:
        """The file with what the broker prints."""
        return self._folder.log

    def start(self) -> None:
        """Starts the broker and returns when it answers; formats the data folder if that is new.

        Raises JarsMissing, JarTampered, FolderInUse, PortInUse or BrokerStartFailed.
        """
        if self.pid:
            raise BrokerStartFailed.running(self.address)
        if "," in str(self._folder.logs):
            raise BrokerStartFailed.unusable_folder(self._folder.root)
        jars = ensure_jars(self._jars_cache, repository=self._repository, progress=self._progress)
        with self._folder.locked() as lock:
            self._refuse_full_disk()
            try:
                self._folder.prepare()
                self._start_on_free_ports(jars, lock)
            except BaseException:
                # Ctrl-C while waiting, too: who was not given a running broker will not stop it.
                self.stop()
                raise

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """SIGTERM, and SIGKILL after so many seconds; the exit code (see CLEAN_EXIT_CODES), None if never started."""
        if not self._process:
            return None
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int | None:
        """SIGKILL, as a crash; the data stays."""
        if not self._process:
            return None
        self._process.kill()
        return self._process.wait()

    def wait(self) -> int | None:
        """Waits until the broker ends; its exit code, None if never started."""
        return self._process.wait() if self._process else None

    def __enter__(self) -> "KafkaServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _refuse_full_disk(self) -> None:
        """The broker could not even log why it ends."""
        if (free := shutil.disk_usage(self._folder.root).free) < LEAST_FREE_BYTES:
            raise BrokerStartFailed.disk_full(self._folder.root, free)

    def _start_on_free_ports(self, jars: tuple[Path, ...], lock: int) -> None:
        """A process that takes a port after it was picked and before the broker has it makes for another pick."""
        given = self._port
        for left in reversed(range(PICKS)):
            try:
                self._port = given
                self._write_properties()
                self._format_if_new(jars)
                self._run(jars, lock)
                return
            except PortInUse as error:
                if error.port == given or not left:
                    raise

    def _write_properties(self) -> None:
        if self._port and not is_free(self._port):
            raise PortInUse(self._port)
        own, broker, controller = pick_free(3, besides=(self._port, self._advertised_port or 0))
        self._port = self._port or own
        advertised = self._advertised_port or self._port
        ports = Ports(port=self._port, advertised_port=advertised, broker_port=broker, controller_port=controller)
        self._folder.properties.write_text(render(ports, self._folder.logs, self._settings), encoding="ascii")

    def _format_if_new(self, jars: tuple[Path, ...]) -> None:
        # Kafka's own tool: a hand-written meta.properties alone would leave the newer features
        # (transactions of version 2, the consumer protocol) switched off.
        if not self._folder.is_formatted:
            arguments = ("format", "--cluster-id", self._cluster_id, "--config", str(self._folder.properties))
            self._process, since = self._spawn(
                "kafka.tools.StorageTool", *arguments, jars=jars, options=self._quick(jars)
            )
            if code := self._process.wait():
                raise BrokerStartFailed.ended(code, self.log, reasons(self._output(since)))

    def _run(self, jars: tuple[Path, ...], lock: int) -> None:
        options = [f"-XX:AOTCacheOutput={self._trains}"] if self._trains else self._quick(jars)
        properties = str(self._folder.properties)
        process, since = self._spawn("kafka.Kafka", properties, jars=jars, options=options, keep_open=(lock,))
        self._process = process
        if await_ready(self.address, ended=lambda: process.poll() is not None, seconds=START_SECONDS):
            return
        code = process.poll()
        if code is None:
            raise BrokerStartFailed.silent(self.address, START_SECONDS, self.log)
        output = self._output(since)
        if port := taken_port(output):
            raise PortInUse(port)
        raise BrokerStartFailed.ended(code, self.log, reasons(output))

    def _quick(self, jars: tuple[Path, ...]) -> list[str]:
        ready = None if self._trains else _start_cache(jars[0].parent)
        return [f"-XX:AOTCache={ready}"] if ready else []

    def _spawn(
        self,
        main_class: str,
        *arguments: str,
        jars: tuple[Path, ...],
        options: list[str],
        keep_open: tuple[int, ...] = (),
    ) -> tuple[Process, int]:
        """The process, and how long the log was before it."""
        since = self.log.stat().st_size if self.log.exists() else 0
        argv = command(main_class, *arguments, jars=jars, tmp=self._folder.tmp, options=options)
        return spawn(argv, env=environment(), log=self.log, keep_open=keep_open), since

    def _output(self, since: int) -> str:
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")


@cache
def _start_cache(jars: Path) -> Path | None:
    """Cached: where it cannot be made, it is tried once a process, and brokers start without."""

    def train(into: Path) -> None:
        with tempfile.TemporaryDirectory() as data:
            broker = KafkaServer(Path(data), jars_cache=jars)
            broker._trains = into
            broker.start()
            broker.stop(TRAIN_SECONDS)

    try:
        return start_cache(jars, train)
    except (OSError, BrokerStartFailed):
        return None
