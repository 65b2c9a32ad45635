"""What all benches share: options, a folder that goes again, a broker of its own, the facts of the machine, the end."""

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.bench.errors import BenchFailed
from deploy.bench.measured import Measured
from deploy.bench.versions import versions
from deploy.local.kafka.server import KafkaServer
from headrace.kafka.clients import KafkaAddress

as_json = click.option("--json", "as_json", is_flag=True, help="end with one JSON object on the last line")
data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="new folder to keep (default: a temporary one)"
)
SIZED = click.IntRange(min=1)
# Of lines in a file or a pipe, where nobody says how wide it is.
FILE_WIDTH = 140


def rounds(default: int = 3) -> Callable[[Any], Any]:
    """The option that all benches have."""
    return click.option(
        "--rounds", default=default, show_default=True, type=SIZED, help="how often each contender runs"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of a bench: its folder, where its Kafka is, and a way to tell a person a line."""

    folder: Path
    address: KafkaAddress
    console: Console
    as_json: bool
    machine: Mapping[str, Any]

    def told(self, line: str) -> None:
        """Tell a person."""
        told(self.console, line)

    def finish(self, measured: Measured, *, legend: str = "", **sizes: Any) -> None:
        """Print the table, and the object if it was asked for."""
        self.console.print(measured.table())
        if legend:
            self.told(legend)
        if self.as_json:
            click.echo(json.dumps({**measured.facts(), "legend": legend, **sizes, **self.machine}))


@contextmanager
def session(what: str, named: Path | None, as_json: bool) -> Iterator[Session]:
    """Start a broker in a new folder; both are gone at the end, unless the folder was named."""
    begun = alone(what, as_json)
    with _folder(named) as folder, KafkaServer(folder / "kafka") as server:
        begun.told(f"Kafka at {server.address}, data in {folder}")
        yield replace(begun, folder=folder, address=KafkaAddress(bootstrap=server.address))


def alone(what: str, as_json: bool) -> Session:
    """What needs no broker and no folder has none."""
    # With --json a program reads stdout: what is for people goes beside it.
    console, facts = Console(stderr=as_json), machine()
    if not console.is_terminal:
        console.width = FILE_WIDTH
    told(console, f"{facts['cores']} cores, load average {facts['load_average']:.2f} at the start; {what}")
    address = KafkaAddress(bootstrap="")
    return Session(folder=Path(), address=address, console=console, as_json=as_json, machine=facts)


def told(console: Console, line: str) -> None:
    """Tell a person a line as it stands."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def machine() -> dict[str, Any]:
    """On what it was measured, and how busy that was before."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "versions": versions(),
    }


def _processor() -> str:
    """Its name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is None:
        with tempfile.TemporaryDirectory(prefix="headrace-bench-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    if named.exists() and any(named.iterdir()):
        raise BenchFailed(f"{named} is not empty; the bench begins with nothing, name another folder")
    named.mkdir(parents=True, exist_ok=True)
    yield named.resolve()
