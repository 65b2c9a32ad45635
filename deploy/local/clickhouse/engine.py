"""The ClickHouse engine in this process: one folder, one connection a client."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chdb.state.sqlitelike import Connection

from .errors import EngineError, FolderInUse, UnusableFolder
from .statements import literal

MIB: Final = 1 << 20
# The engine's own limits are meant for a machine of its own: 90 % of the memory, and three caches of 5 GiB each.
LIMITS: Final = {
    "max_server_memory_usage": 2048 * MIB,
    "mark_cache_size": 64 * MIB,
    "index_mark_cache_size": 16 * MIB,
    "primary_index_cache_size": 64 * MIB,
}


class EngineConnection:
    """A connection of one session; used by one thread at a time. Everything raises EngineError."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self.folder = folder
        self._connection = connection

    def run(self, sql: str, form: str = "Null") -> Any:
        """Run a statement to its end and return chDB's whole answer."""
        try:
            return self._connection.query(sql, form)
        except Exception as error:  # noqa: BLE001 - chDB raises RuntimeError, ChdbError and Exception alike
            raise EngineError.of(error) from None

    def rows(self, sql: str) -> list[list[str]]:
        """Return a small answer as text."""
        return list(json.loads(self.run(sql, "JSONCompactStrings").bytes())["data"])

    def stream(self, sql: str) -> Iterator[Any]:
        """Yield the chunks of a query; leaving early ends it."""
        try:
            with self._connection.send_query(sql, "Native") as answer:
                yield from answer
        except Exception as error:  # noqa: BLE001 - as above
            raise EngineError.of(error) from None

    def close(self) -> None:
        self._connection.close()


class Engine:
    """The engine over a folder, held open while this object is."""

    def __init__(self, path: Path) -> None:
        """Open the folder; raise FolderInUse or UnusableFolder."""
        self._path = path
        _refuse_held_folder(path)
        limits = "&".join(f"{name}={value}" for name, value in LIMITS.items())
        try:
            self._held_open = EngineConnection(path, Connection(f"{path}?{limits}"))
        except RuntimeError as error:
            raise UnusableFolder(path, error) from error
        ((self.version, self.timezone),) = self._held_open.rows("SELECT version(), timezone()")
        self.setting_names = frozenset(name for (name,) in self._held_open.rows("SELECT name FROM system.settings"))

    def connect(self) -> EngineConnection:
        return EngineConnection(self._path, Connection(str(self._path)))

    def cancel(self, mark: str) -> None:
        """End the queries whose log_comment is `mark`."""
        control = self.connect()
        try:
            control.run(f"KILL QUERY WHERE Settings['log_comment'] = {literal(mark)} ASYNC")
        finally:
            control.close()

    def close(self) -> None:
        self._held_open.close()


def _refuse_held_folder(path: Path) -> None:
    """The engine itself says only "Error initializing EmbeddedServer", so ask the lock it keeps."""
    if "?" in str(path):
        raise UnusableFolder(path, "its name holds a question mark")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with (path / "status").open("a") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(path) from None
    except OSError as error:
        raise UnusableFolder(path, error.strerror) from error
