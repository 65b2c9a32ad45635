"""`headrace bench sink`."""

from pathlib import Path

import click

from deploy.bench import models, session
from deploy.bench.measured import Measured
from deploy.bench.sink.blocks import make
from deploy.bench.sink.freshness import freshness
from deploy.bench.sink.speed import direct, sink
from deploy.bench.site import Site

LEGEND = """sink    `headrace worker sink`: reads log blocks from Kafka, writes ranges down, inserts rows and headers
direct  clickhouse-driver: the same columns, ready in memory as its lists; the same engine, settings, rows an insert
freshness is from when an answer was made (scored_at) to when its row was first seen, by looking every 20 ms"""


@click.command("sink")
@click.option("--rows", default=480_000, show_default=True, type=session.SIZED, help="rows to write")
@click.option("--block-rows", default=800, show_default=True, type=session.SIZED, help="rows of a log block")
@click.option("--insert-rows", default=20_000, show_default=True, type=session.SIZED, help="most rows an insert")
@click.option("--rate", default=1_000, show_default=True, type=session.SIZED, help="requests a second, for freshness")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(min=1), help="of each such round")
@session.rounds()
@session.as_json
@session.data_dir
def bench_sink(
    rows: int,
    block_rows: int,
    insert_rows: int,
    rate: int,
    seconds: float,
    rounds: int,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Rows a second beside inserting the same columns directly; seconds from an answer to its row."""
    measured = Measured("sink", "rows a second, of 20 doubles", "rows_per_s")
    fresh = Measured("sink freshness", f"seconds from an answer to its row, at {rate:,}/s", "p99_s")
    with session.session(f"{rows:,} rows", data_dir, as_json) as run:
        site = Site.make(run.address, run.folder, "doubles", models.numbers(20))
        backlog = make(site, rows, block_rows)
        for number in range(1, rounds + 1):
            for name, contender in (("direct", direct), ("sink", sink)):
                figures = contender(site, backlog, insert_rows, number)
                measured.add(name, **figures)
                told = ", ".join(f"{figure} {value:,.1f}" for figure, value in figures.items())
                run.told(f"round {number} of {rounds}: {name:7} {told}")
        measured.compare("sink", "direct")
        other = Site.make(run.address, run.folder / "fresh", "fresh", models.numbers(20))
        other.put(models.linear("fresh", 1, other.features))
        other.release("v1")
        for figures in freshness(other, site, backlog, rate, seconds, rounds):
            fresh.add("sink", **figures)
    run.console.print(fresh.table())
    sizes = {"rows": backlog.rows, "block_rows": block_rows, "insert_rows": insert_rows, "rate": rate}
    run.finish(measured, legend=LEGEND, freshness=fresh.facts(), **sizes)
