"""The command `headrace bench`."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.bench.errors import BenchFailed
from deploy.bench.ground import Kind, prepare
from deploy.bench.match import compare
from deploy.bench.plan import Plan
from deploy.bench.result import legend, table
from deploy.local.kafka.server import KafkaServer
from headrace.kafka.clients import KafkaAddress

Sized = click.IntRange(min=1)


@click.group()
def bench() -> None:
    """Measure on this machine, on a broker of the bench's own."""


@bench.command()
@click.option("--records", default=300_000, show_default=True, type=click.IntRange(min=100), help="requests to answer")
@click.option("--rounds", default=3, show_default=True, type=Sized, help="how often each contender runs")
@click.option("--batch-rows", default=5_000, show_default=True, type=Sized, help="most requests in a batch, for all")
@click.option("--workload", default="doubles", show_default=True, type=click.Choice(["doubles", "flights"]))
@click.option("--json", "as_json", is_flag=True, help="end with one JSON object on the last line")
@click.option("--data-dir", type=click.Path(path_type=Path), help="new folder to keep (default: a temporary one)")
def throughput(
    records: int, rounds: int, batch_rows: int, workload: Kind, as_json: bool, data_dir: Path | None
) -> None:
    """Scored records a second, beside the limit of the same broker and two other ways to do it."""
    console = Console(stderr=as_json)
    plan = Plan(records=records, rounds=rounds, batch_rows=batch_rows)
    machine = _machine()

    def told(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    told(f"{machine['cores']} cores, load average {machine['load_average']:.2f} at the start; {records:,} {workload}")
    with _folder(data_dir) as folder, KafkaServer(folder / "kafka") as server:
        told(f"Kafka at {server.address}, data in {folder}")
        ground = prepare(KafkaAddress(bootstrap=server.address), folder, workload, records)
        result = compare(ground, plan, told)
    console.print(table(result))
    told(legend())
    sizes = {"records": records, "stock_faust_records": plan.stock_records, "batch_rows": batch_rows}
    if as_json:
        click.echo(json.dumps(result.facts() | {"workload": workload, **sizes, **machine}))


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


def _machine() -> dict[str, Any]:
    return {"cores": len(os.sched_getaffinity(0)), "load_average": round(os.getloadavg()[0], 2)}
