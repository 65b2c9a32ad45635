"""The data folder of the local stack: who holds it, and the file by which other commands find the stack."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import FolderUnusable, StackFolderInUse
from headrace.settings import LOCAL_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFolder:
    """The places inside the data folder."""

    root: Path

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def clickhouse(self) -> Path:
        return self.root / "clickhouse"

    @property
    def logs(self) -> Path:
        """What the parts and the workers print."""
        return self.root / "logs"

    @property
    def local_file(self) -> Path:
        """Where settings look for the addresses of the local stack."""
        return self.root / LOCAL_FILE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process; raises StackFolderInUse or FolderUnusable."""
        descriptor = self._open_lock()
        try:
            self._lock(descriptor)
            # Left by a stack that was killed: it would name addresses at which nobody is.
            self.local_file.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def publish(self, *, kafka: str | None, clickhouse: tuple[str, int] | None) -> None:
        """Write the file of addresses, whole or not at all; None is a part that is not the local stack's."""
        lines = [f'[kafka]\nbootstrap = "{kafka}"\n'] if kafka else []
        lines += [f'[clickhouse]\nhost = "{clickhouse[0]}"\nport = {clickhouse[1]}\n'] if clickhouse else []
        fresh = self.local_file.with_suffix(".new")
        fresh.write_text("\n".join(["# The local stack; removed when it stops.\n", *lines]), encoding="utf-8")
        fresh.replace(self.local_file)

    def retract(self) -> None:
        """Remove the file of addresses."""
        self.local_file.unlink(missing_ok=True)

    def _open_lock(self) -> int:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            return os.open(self.root / "stack.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise FolderUnusable(self.root, error.strerror or str(error)) from None

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackFolderInUse(self.root, os.read(descriptor, 20).decode().strip()) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
