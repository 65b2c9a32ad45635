"""`headrace bench codec`."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from deploy.bench import session
from deploy.bench.codec.operations import Operation, operations
from deploy.bench.codec.sample import ROWS, departures, doubles
from deploy.bench.codec.timing import us_a_record
from deploy.bench.measured import Measured

LEGEND = """headrace   on columns: a batch is read, written or logged whole
by record  what else one would write: fastavro and msgspec, a dictionary a record
reading ends with the matrix that a model sees, whose values Headrace has checked and the other has not;
a log block of Headrace is compressed above 16 kB, the other is not"""


@click.command()
@click.option(
    "--rows",
    multiple=True,
    default=(1, 10, 100, ROWS),
    show_default=True,
    type=click.IntRange(1, ROWS),
    help="batch sizes, the chief one last",
)
@click.option("--columns", multiple=True, default=(20, 100), show_default=True, type=session.SIZED, help="doubles")
@click.option("--seconds", default=0.1, show_default=True, type=float, help="CPU time of each measurement")
@session.rounds()
@session.as_json
def codec(rows: Sequence[int], columns: Sequence[int], seconds: float, rounds: int, as_json: bool) -> None:
    """CPU microseconds a record for reading, writing and logging, beside doing it record by record."""
    run = session.alone("codec", as_json)
    measured = Measured("codec", "CPU microseconds a record, by rows in a batch", f"rows_{rows[-1]}")
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        samples = [*map(doubles, columns), departures()]
        todo = [one for sample in samples for one in operations(sample, Path(folder), answers=sample is samples[0])]
        for number in range(1, rounds + 1):
            run.told(f"round {number} of {rounds}: {len(todo)} operations, {len(rows)} batch sizes, two ways")
            for operation in todo:
                _measure(measured, operation, rows, seconds)
    for operation in todo:
        measured.compare(f"{operation.name}: by record", f"{operation.name}: headrace")
    run.finish(measured, legend=LEGEND, rows=list(rows))


def _measure(measured: Measured, operation: Operation, rows: Sequence[int], seconds: float) -> None:
    for way, prepare in (("headrace", operation.headrace), ("by record", operation.by_record)):
        figures = {f"rows_{n}": us_a_record(prepare(n), n, seconds) for n in rows}
        measured.add(f"{operation.name}: {way}", **figures)
