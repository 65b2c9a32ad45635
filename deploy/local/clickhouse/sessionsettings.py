"""Settings of single queries on a connection that keeps what is SET."""

from __future__ import annotations

from collections.abc import Iterable

from .engine import EngineConnection
from .errors import UNKNOWN_SETTING, EngineError
from .packets import Setting
from .statements import literal

MARK = "log_comment"  # ours: it is how a running query is found


class SessionSettings:
    """Sets what a query asks for and takes it back before a query that does not."""

    def __init__(self, connection: EngineConnection, known: frozenset[str], mark: str) -> None:
        self._connection = connection
        self._known = known
        self._now: dict[str, str | None] = {}  # None: unsure, since a SET failed
        connection.run(f"SET {MARK} = {literal(mark)}, implicit_select = 0")

    def apply(self, settings: Iterable[Setting]) -> None:
        wanted = {s.name: s.value for s in settings if s.name != MARK and self._is_known(s)}
        changes = [f"{name} = DEFAULT" for name in self._now if name not in wanted]
        changes += [f"{name} = {literal(value)}" for name, value in wanted.items() if self._now.get(name) != value]
        if changes:
            self._now = dict.fromkeys([*self._now, *wanted])
            self._connection.run(f"SET {', '.join(changes)}")
            self._now = dict(wanted)

    def _is_known(self, setting: Setting) -> bool:
        if setting.name not in self._known and setting.important:
            raise EngineError(UNKNOWN_SETTING, f"Unknown setting '{setting.name}'. (UNKNOWN_SETTING)")
        return setting.name in self._known
