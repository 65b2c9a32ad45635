"""The data folder of a broker: its lock, its format."""

import base64
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka.errors import FolderInUse

_LET_GO_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """The places inside the data folder."""

    root: Path

    @property
    def logs(self) -> Path:
        """Kafka's log.dirs: the records."""
        return self.root / "topics"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def properties(self) -> Path:
        return self.root / "server.properties"

    @property
    def log(self) -> Path:
        """What the broker prints."""
        return self.root / "broker.log"

    @property
    def is_formatted(self) -> bool:
        return (self.logs / "meta.properties").exists()

    def prepare(self) -> None:
        """Makes the folders and clears what a killed broker left in tmp."""
        for folder in (self.logs, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
        for left in self.tmp.iterdir():
            if left.is_file():
                left.unlink()

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Holds the folder; a process that inherits the descriptor holds it for as long as it lives, kill -9 included.

        A broker that was killed a moment ago is waited for.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor, self.root)
            yield descriptor
        finally:
            os.close(descriptor)


def new_cluster_id() -> str:
    """A random id in Kafka's form; never with a leading dash, which would look like an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _LET_GO_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise FolderInUse(folder) from None
            time.sleep(0.02)
