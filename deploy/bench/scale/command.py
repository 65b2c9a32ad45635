"""The command `headrace bench scale`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from deploy.bench import models, session
from deploy.bench.backlog import Backlog
from deploy.bench.measured import CPU, Measured
from deploy.bench.process import await_all
from deploy.bench.scale.cases import BATCH_ROWS, FEATURES, Case, cases
from deploy.bench.scale.fit import Line, line
from deploy.bench.session import Session
from deploy.bench.site import Site

VALUES = 2_000
# So many requests (1 in …) are answered before the clock starts.
WARM_SHARE = 6
LEGEND = """base      1 worker, 20 features (doubles), logistic regression, at most 5,000 requests in a batch
Each other case differs from it in one number. CPU seconds are those of all workers, for a million records."""


def several(name: str, default: tuple[int, ...], what: str) -> Callable[[Any], Any]:
    """An option that is repeated."""
    return click.option(f"--{name}", multiple=True, default=default, show_default=True, type=session.SIZED, help=what)


@click.command()
@several("workers", (1, 2, 3), "how many workers; repeat it for several")
@several("features", (20, 100, 500), "how many features; repeat it for several")
@several("batch-rows", (100, 1_000, 5_000, 20_000), "most requests in a batch; repeat it for several")
@click.option(
    "--records", default=200_000, show_default=True, type=click.IntRange(min=100), help="requests; fewer of large ones"
)
@session.rounds()
@session.as_json
@session.data_dir
def scale(
    workers: Sequence[int],
    features: Sequence[int],
    batch_rows: Sequence[int],
    records: int,
    rounds: int,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """CPU seconds for a million records as workers, features and batches grow."""
    measured = Measured("scale", "CPU seconds of all workers for a million records", CPU)
    all_cases = cases(workers, features, batch_rows)
    with session.session(f"{len(all_cases)} cases of up to {records:,} records", data_dir, as_json) as run:
        backlogs = {number: _backlog(run, number) for number in {case.features for case in all_cases}}
        for number in range(1, rounds + 1):
            run.told(f"round {number} of {rounds}")
            for case in all_cases:
                _measure(run, case, *backlogs[case.features], records, measured)
    for case in all_cases[1:]:
        measured.compare(case.name, all_cases[0].name)
    fits = {name: found for name, found in _fits(measured, all_cases).items() if found}
    run.finish(measured, legend="\n".join([LEGEND, *_told(fits)]), fits={n: f.facts() for n, f in fits.items()})


def _backlog(run: Session, features: int) -> tuple[Site, Backlog]:
    model = f"doubles{features}"
    site = Site.make(run.address, run.folder / model, model, models.numbers(features))
    site.put(models.linear(model, 1, site.features))
    site.release("v1")
    return site, Backlog(site, models.requests(model, site.features, VALUES)[0])


def _measure(run: Session, case: Case, site: Site, backlog: Backlog, records: int, measured: Measured) -> None:
    count = case.records(records)
    env = {"HEADRACE_WORKER__BATCH_ROWS": str(case.batch_rows)}
    with ExitStack() as stack:
        children = tuple(stack.enter_context(site.worker("score", f"bench-{n}", env=env)) for n in range(case.workers))
        await_all(children, lambda: all(child.ready() for child in children), "readiness")
        backlog.answered(max(1, count // WARM_SHARE), children)
        cost = backlog.answered(count, children)
    figures = {CPU: cost.cpu_s / count * 1e6, "records_a_second": count / cost.seconds}
    measured.add(case.name, **figures)
    run.told(f"  {case.name:14} {figures[CPU]:7.2f} CPU seconds a million, {count / cost.seconds:9,.0f} a second")


def _fits(measured: Measured, all_cases: Sequence[Case]) -> dict[str, Line | None]:
    """Cost against the number of features, and against one over the size of batches (what a batch costs)."""
    cost = {case: measured.median(case.name) for case in all_cases}
    base = list(all_cases[:1])
    by_features = base + [case for case in all_cases if case.features != FEATURES]
    by_batch = base + [case for case in all_cases if case.batch_rows != BATCH_ROWS]
    return {
        "features": line([case.features for case in by_features], [cost[case] for case in by_features]),
        "batches": line([1 / case.batch_rows for case in by_batch], [cost[case] for case in by_batch]),
    }


def _told(fits: dict[str, Line]) -> list[str]:
    what = {
        "features": "{fixed:.2f} + {each:.4f} x features",
        "batches": "{fixed:.2f} + {each:.0f} / requests in a batch",
    }
    spelt = {name: what[name].format(fixed=found.fixed, each=found.each) for name, found in fits.items()}
    return [f"{name:9} cost = {spelt[name]}; off that by at most {100 * fits[name].residual:.0f} %" for name in fits]
