"""`headrace bench throughput`."""

import json
from pathlib import Path

import click

from deploy.bench import session
from deploy.bench.environment import environment
from deploy.bench.ground import Kind, prepare
from deploy.bench.match import compare
from deploy.bench.plan import Plan
from deploy.bench.result import legend, table
from deploy.bench.roster import OURS
from deploy.bench.workload import Estimator, Form


@click.command()
@click.option("--records", default=300_000, show_default=True, type=click.IntRange(min=100), help="requests to answer")
@session.rounds()
@click.option(
    "--batch-rows", default=5_000, show_default=True, type=session.SIZED, help="most requests in a batch, for all"
)
@click.option("--workload", default="doubles", show_default=True, type=click.Choice(["doubles", "flights"]))
@click.option("--estimator", default="logistic", show_default=True, type=click.Choice(["logistic", "boosting"]))
@click.option("--format", "form", default="avro", show_default=True, type=click.Choice(["avro", "json"]))
@click.option(
    "--peers",
    type=click.Path(path_type=Path),
    help="Python of an environment that holds quixstreams, bytewax and faststream, to measure them too",
)
@session.as_json
@session.data_dir
def throughput(
    records: int,
    rounds: int,
    batch_rows: int,
    workload: Kind,
    estimator: Estimator,
    form: Form,
    peers: Path | None,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Scored records a second, beside the limit of the same broker and other ways to do it."""
    plan = Plan(records=records, rounds=rounds, batch_rows=batch_rows)
    chosen = {"workload": workload, "estimator": estimator, "format": form}
    with session.session(f"{records:,} {', '.join(chosen.values())}", data_dir, as_json) as run:
        ground = prepare(run.address, run.folder, workload, records, estimator=estimator, form=form)
        result = compare(ground, plan, run.told, environment(peers) if peers else None)
    run.console.print(table(result))
    run.told(legend(result))
    if as_json:
        answered = {entry.name: plan.records_of(entry) for entry in OURS}
        sizes = {"records": records, "stock_faust_records": answered["stock_faust"], "batch_rows": batch_rows}
        click.echo(json.dumps(result.facts() | chosen | sizes | dict(run.machine)))
