"""`headrace bench batch`."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from deploy.bench import models, session
from deploy.bench.batch.beside import beside
from deploy.bench.batch.case import KINDS, Case
from deploy.bench.batch.growing import grow
from deploy.bench.batch.jobs import write
from deploy.bench.environment import Environment, environment
from deploy.bench.measured import Measured
from deploy.bench.process import Running
from deploy.bench.roster import BATCH_PEERS
from deploy.bench.session import Session
from deploy.bench.site import Site

LEGEND = """alone           pyarrow reads the same file, the model scores it in one call; one thread, nothing written
1, 2 …          so many of `headrace worker batch`: from the submission to the manifest, outputs written as Parquet
overhead        share of that time which a single worker did not spend on parts: planning, tasks, receipts, the manifest
peak_mb         the most that was ever resident, of one worker"""
FEATURES = 20


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, type=session.SIZED, help="rows of the input")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16), help="most workers at once")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=(1_000_000, 4_000_000, 10_000_000),
    show_default=True,
    type=session.SIZED,
    help="rows of an input for one worker, linear; repeat it for several",
)
@click.option("--seconds", default=6.0, show_default=True, type=click.FloatRange(min=0.5), help="of requests, beside")
@click.option(
    "--peers",
    type=click.Path(path_type=Path),
    help="Python of an environment with pandas and Dask, to measure them too",
)
@session.rounds()
@session.as_json
@session.data_dir
def batch(
    rows: int,
    workers: int,
    sizes: Sequence[int],
    seconds: float,
    peers: Path | None,
    rounds: int,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Batch workers beside the model alone and other libraries on the same Parquet file, and beside a scorer."""
    with session.session(f"{rows:,} rows", data_dir, as_json) as run, ExitStack() as stack:
        case = _case(run, rows, environment(peers, BATCH_PEERS) if peers else None)
        running: list[Running] = []
        for number in range(1, workers + 1):
            running.append(stack.enter_context(case.worker(number)))
            for kind in KINDS:
                for turn in range(rounds):
                    case.round(kind, running, turn, last=number == workers)
            if number == 1:
                grown, scorer = grow(case, running[0], sizes), beside(case, running[0], seconds, rounds)
        _compare(case.measured, workers)
    for also in (grown, scorer):
        run.console.print(also.table())
    found = {"growing": grown.facts(), "beside": scorer.facts()}
    run.finish(case.measured, legend=_legend(case.peers), rows=rows, workers=workers, **found)


def _case(run: Session, rows: int, peers: Environment | None) -> Case:
    site = Site.make(run.address, run.folder / "site", "batch", models.numbers(FEATURES))
    site.put(models.linear("batch", 1, site.features))
    site.put(models.boosting("batch", 2, site.features))
    source = write(run.folder / "rows.parquet", rows, site.features.names)
    measured = Measured("batch", f"rows a second, {FEATURES} doubles", "rows_per_s")
    return Case(run=run, site=site, source=source, rows=rows, measured=measured, peers=peers)


def _compare(measured: Measured, workers: int) -> None:
    for kind in KINDS:
        for number in range(1, workers + 1):
            measured.compare(f"{kind}, {number}", f"{kind}, {number - 1}" if number > 1 else f"{kind}, alone")
        for name in (f"{kind}, {entry.name}" for entry in BATCH_PEERS):
            if name in measured.contenders:
                measured.compare(f"{kind}, {workers}", name)


def _legend(peers: Environment | None) -> str:
    lines = [LEGEND]
    for entry in BATCH_PEERS:
        absent = peers.lacks(entry) if peers else "no environment of theirs was named (--peers)"
        lines.append(f"{entry.name:16}{f'took no part: {absent}' if absent else entry.meaning}")
    return "\n".join(lines)
