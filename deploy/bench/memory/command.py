"""The command `headrace bench memory`."""

import time
from collections.abc import Mapping
from pathlib import Path

import click

from deploy.bench import models, session
from deploy.bench.backlog import Backlog
from deploy.bench.load.aim import aimed
from deploy.bench.measured import Measured
from deploy.bench.memory.growth import growth
from deploy.bench.memory.sampling import Slope, peak_mb, sample
from deploy.bench.memory.stack import Pair, clickhouse, pair
from deploy.bench.process import await_all
from deploy.bench.session import Session

VALUES = 2_000
# After work, threads give back what they had taken.
SETTLED_S = 2.0
LEGEND = """rss_mb     resident after all records at full speed; pss_mb: of pages that others hold too only its share;
           anonymous_mb: without files, which libraries are
start_mb   resident before a model was there; loaded_mb: with the model, before any request; peak_mb: at most ever
slope      megabytes a minute while requests keep coming; one smaller than its noise (two standard errors) is none"""


@click.command()
@click.option(
    "--records", default=200_000, show_default=True, type=click.IntRange(min=100), help="requests at full speed"
)
@click.option("--minutes", default=2.0, show_default=True, type=click.FloatRange(min=0), help="how long for the slope")
@click.option("--rate", default=2_000, show_default=True, type=session.SIZED, help="requests a second meanwhile")
@click.option(
    "--megabytes", default=0, show_default=True, type=click.IntRange(min=0), help="a forest of this size, 0: linear"
)
@session.rounds()
@session.as_json
@session.data_dir
def memory(
    records: int, minutes: float, rate: int, megabytes: int, rounds: int, as_json: bool, data_dir: Path | None
) -> None:
    """Memory of a scorer and a sink: at the start, with a model, after many records, and whether it grows."""
    measured = Measured("memory", "megabytes of one process", "rss_mb")
    what = f"{records:,} records, slope over {minutes:g} min"
    with session.session(what, data_dir, as_json) as run, clickhouse(run) as database:
        for number in range(1, rounds + 1):
            with pair(run, database, number, megabytes) as both:
                run.told(f"round {number} of {rounds}")
                # The last one goes on for the slope.
                _measure(run, both, records, measured, rate, 60 * minutes if number == rounds else 0.0)
    run.finish(measured, legend=LEGEND, records=records, minutes=minutes, rate=rate, megabytes=megabytes)


def _measure(run: Session, both: Pair, records: int, measured: Measured, rate: int, seconds: float) -> None:
    site = both.site
    start = _resident(both)
    values = models.requests(site.model, site.features, VALUES)[0]
    backlog = Backlog(site, values)
    site.release("v1")
    await_all(both.both, both.scorer.ready, "readiness")
    loaded = _resident(both)
    backlog.answered(records, (both.scorer,))
    both.await_rows(records)
    time.sleep(SETTLED_S)
    now = {child.name: sample(child.pid) for child in both.both}
    slopes: Mapping[str, Slope] = {}
    if seconds:
        slopes = growth(both.both, aimed(site, values, rate=rate, seconds=seconds))
    for role, child in (("scorer", both.scorer), ("sink", both.sink)):
        figures = {
            "rss_mb": now[child.name].rss_mb,
            "pss_mb": now[child.name].pss_mb,
            "anonymous_mb": now[child.name].anonymous_mb,
            "start_mb": start[child.name],
            "loaded_mb": loaded[child.name],
            "peak_mb": peak_mb(child.pid),
        }
        if found := slopes.get(child.name):
            figures |= {"slope_mb_per_min": found.mb_per_min, "noise": found.noise}
        measured.add(role, **figures)
        run.told(f"  {role:7}" + "".join(f"  {name} {value:.1f}" for name, value in figures.items()))


def _resident(both: Pair) -> dict[str, float]:
    time.sleep(SETTLED_S)
    return {child.name: sample(child.pid).rss_mb for child in both.both}
