"""The command `headrace bench swap`."""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from deploy.bench import models, session
from deploy.bench.measured import Measured
from deploy.bench.session import Session
from deploy.bench.site import Site
from deploy.bench.swap.case import FEATURES, VERSIONS, Case, prepare, swap, workers
from deploy.bench.swap.windows import decoded, expected, windows, wrong

KINDS = ("linear", "linear-fresh", "forest", "forest-fresh")
TIMES = ("before", "during", "after")
LEGEND = """linear, forest   logistic regression of 20 doubles; 100 trees of so many megabytes. Two workers
-fresh           each worker is on a machine that never saw the bundle: it fetches it and tries it in a child process
during           from the approval until every partition was answered with it, at least 1 s; seconds: how long that was
wrong            answers whose score is not that of their version, or whose version is not that of the release chain"""


@click.command("swap")
@click.option("--kind", "kinds", multiple=True, default=KINDS, show_default=True, type=click.Choice(KINDS))
@click.option("--rate", default=1_000, show_default=True, type=session.SIZED, help="requests a second")
@click.option("--megabytes", default=200, show_default=True, type=session.SIZED, help="size of the forest")
@click.option(
    "--every", "every_s", default=6.0, show_default=True, type=click.FloatRange(min=4), help="seconds between releases"
)
@session.rounds()
@session.as_json
@session.data_dir
def swap_command(
    kinds: Sequence[str],
    rate: int,
    megabytes: int,
    every_s: float,
    rounds: int,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Time to an answer before, during and after a release, and seconds until all workers answer with it."""
    measured = Measured("swap", "milliseconds from when a request was due to its answer", "p99_ms")
    with session.session(f"{rounds} releases of each of {', '.join(kinds)}", data_dir, as_json) as run:
        for kind in kinds:
            case = Case(
                name=kind, megabytes=megabytes if kind.startswith("forest") else 0, fresh=kind.endswith("-fresh")
            )
            _measure(run, case, rate, every_s, rounds, measured)
            measured.compare(f"{kind} during", f"{kind} before")
            measured.compare(f"{kind} after", f"{kind} before")
    run.finish(measured, legend=LEGEND, rate=rate, megabytes=megabytes)


def _measure(run: Session, case: Case, rate: int, every_s: float, rounds: int, measured: Measured) -> None:
    run.told(f"{case.name}: training two versions")
    model = case.name.replace("-", "_")
    site = Site.make(run.address, run.folder / case.name, model, models.numbers(FEATURES))
    prepare(site, case)
    scores = expected(site)
    with workers(site, case) as children:
        swap(site, case, children, rate, 4.0, 0)  # warm
        found = swap(site, case, children, rate, every_s, rounds)
    answers = decoded(site, found)
    mistakes = wrong(site, answers, scores, [VERSIONS[i % len(VERSIONS)] for i in range(len(site.releases))])
    for window in windows(site, found, answers):
        for name in TIMES:
            latency = getattr(window, name)
            p50, p99 = np.quantile(latency, (0.5, 0.99)).tolist()
            figures = {"p99_ms": p99, "p50_ms": p50, "max_ms": float(latency.max())}
            if name == "during":
                figures |= {"seconds": window.taken_s, "wrong": float(mistakes)}
            measured.add(f"{case.name} {name}", **figures)
            run.told(f"  {case.name} {name:7}" + "".join(f" {n} {v:8.2f}" for n, v in figures.items()))
