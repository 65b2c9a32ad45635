"""How the demo is shown: a live table on a terminal, a plain log elsewhere."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

KEYS = "k kill a worker · s swap back and forth · p pause · q quit"
LOG_EVERY_S = 2.0
LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One scorer as the table shows it."""

    name: str
    state: str
    version: str
    ok: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is shown at one moment."""

    event_time: str
    workers: tuple[Worker, ...]
    rate: float
    p50_ms: float
    p99_ms: float
    counts: Mapping[str, int]


class View:
    """Shows scenes and says lines."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console, self._live = console, live
        self._said: list[str] = []
        self._began, self._logged = time.monotonic(), 0.0

    def say(self, line: str) -> None:
        """A line that stays."""
        stamped = f"{time.monotonic() - self._began:6.1f} s  {line}"
        self._said = [*self._said, stamped][-LINES:]
        if self._live is None:
            self._console.print(stamped, highlight=False, soft_wrap=True)

    def show(self, scene: Scene) -> None:
        """The table, or from time to time a line of the log."""
        if self._live is not None:
            self._live.update(Group(_table(scene), Text("\n".join(self._said)), Text(KEYS, style="dim")))
        elif time.monotonic() - self._logged > LOG_EVERY_S:
            self._logged = time.monotonic()
            self.say(_line(scene))


@contextmanager
def view(console: Console, *, interactive: bool) -> Iterator[View]:
    """A live table where somebody can see one."""
    if not interactive:
        yield View(console, None)
        return
    with Live(console=console, refresh_per_second=5, transient=False) as live:
        yield View(console, live)


def _line(scene: Scene) -> str:
    counts = "  ".join(f"{name} {number}" for name, number in scene.counts.items())
    versions = "/".join(worker.version or "-" for worker in scene.workers)
    speed = f"{scene.rate:.0f}/s  p50 {scene.p50_ms:.1f} ms  p99 {scene.p99_ms:.0f} ms"
    return f"{scene.event_time}  {versions}  {speed}  {counts}"


def _table(scene: Scene) -> Table:
    table = Table(title=f"flights of {scene.event_time}", expand=False)
    for column in ("worker", "state", "version", "answers"):
        table.add_column(column, justify="right" if column == "answers" else "left")
    for worker in scene.workers:
        table.add_row(worker.name, worker.state, worker.version, f"{worker.ok:,}")
    table.add_section()
    table.add_row("rate", f"{scene.rate:,.0f}/s", f"p50 {scene.p50_ms:.1f} ms", f"p99 {scene.p99_ms:.0f} ms")
    for name, number in scene.counts.items():
        style = "bold red" if name in ("unaccounted", "duplicates") and number else ""
        table.add_row(name, "", "", f"{number:,}", style=style)
    return table
