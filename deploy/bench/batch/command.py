"""`headrace bench batch`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from deploy.bench import models, session
from deploy.bench.batch.jobs import alone, job, write
from deploy.bench.measured import CPU, Measured
from deploy.bench.memory.sampling import peak_mb
from deploy.bench.process import Running, await_all
from deploy.bench.session import Session
from deploy.bench.site import Site

LEGEND = """alone     pyarrow reads the same file, the model scores it in one call; one thread, nothing written
1, 2 …    so many of `headrace worker batch`: from the submission to the manifest, outputs written as Parquet
overhead  share of that time which a single worker did not spend on parts: planning, tasks, receipts, the manifest
peak_mb   the most that was ever resident, of one worker"""
KINDS = {"linear": "v1", "boosting": "v2"}
FEATURES = 20
WARM_ROWS = 5_000


@click.command()
@click.option("--rows", default=2_000_000, show_default=True, type=session.SIZED, help="rows of the input")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16), help="most workers at once")
@session.rounds()
@session.as_json
@session.data_dir
def batch(rows: int, workers: int, rounds: int, as_json: bool, data_dir: Path | None) -> None:
    """Rows a second of batch workers beside the model alone on the same Parquet file."""
    measured = Measured("batch", f"rows a second, {FEATURES} doubles", "rows_per_s")
    with session.session(f"{rows:,} rows", data_dir, as_json) as run, ExitStack() as stack:
        site = Site.make(run.address, run.folder / "site", "batch", models.numbers(FEATURES))
        site.put(models.linear("batch", 1, site.features))
        site.put(models.boosting("batch", 2, site.features))
        case = Case(run=run, site=site, source=write(run.folder / "rows.parquet", rows, site.features.names), rows=rows)
        running: list[Running] = []
        for number in range(1, workers + 1):
            running.append(stack.enter_context(_worker(case, number)))
            for kind, version in KINDS.items():
                for turn in range(rounds):
                    _round(case, measured, kind, version, running, turn)
    for kind in KINDS:
        for number in range(1, workers + 1):
            measured.compare(f"{kind}, {number}", f"{kind}, {number - 1}" if number > 1 else f"{kind}, alone")
    run.finish(measured, legend=LEGEND, rows=rows, workers=workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is scored, and where."""

    run: Session
    site: Site
    source: Path
    rows: int


@contextmanager
def _worker(case: Case, number: int) -> Iterator[Running]:
    """One more worker, which has loaded both models before anything is measured."""
    with case.site.worker("batch", f"batch-{number}") as running:
        await_all((running,), running.ready, "a batch worker")
        warm = write(case.run.folder / f"warm{number}.parquet", WARM_ROWS, case.site.features.names)
        for version in KINDS.values():
            job(case.site, warm, f"warm-{number}-{version}", version, WARM_ROWS // 24)
        yield running


def _round(case: Case, measured: Measured, kind: str, version: str, running: list[Running], turn: int) -> None:
    """The model alone, as often as one worker runs, and as many workers as there are."""
    workers = len(running)
    if workers == 1:
        found = alone(case.site, case.source, version)
        _note(case, measured, f"{kind}, alone", found["seconds"], {CPU: found["cpu_s"] / case.rows * 1e6})
    before = sum(child.cpu_s for child in running)
    done = job(case.site, case.source, f"{kind}-{workers}-{turn}", version)
    more = {CPU: (sum(child.cpu_s for child in running) - before) / case.rows * 1e6}
    more["peak_mb"] = max(peak_mb(child.pid) for child in running)
    if workers == 1:
        more["overhead"] = 1 - done["on_parts_s"] / done["seconds"]
    _note(case, measured, f"{kind}, {workers}", done["seconds"], more)


def _note(case: Case, measured: Measured, name: str, seconds: float, more: dict[str, float]) -> None:
    measured.add(name, rows_per_s=case.rows / seconds, **more)
    told = ", ".join(f"{figure} {value:.3g}" for figure, value in more.items())
    case.run.told(f"{name:16} {case.rows / seconds:12,.0f} rows/s, {told}")
