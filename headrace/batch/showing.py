"""Jobs as a person sees them."""

import sys
import time
from collections.abc import Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from headrace.batch.counting import Counting, Progress

LOOK_S = 0.3
LONELY_S = 20.0


def awaited(counting: Counting, *, quiet: bool) -> Progress:
    """Look on until the job has ended; Ctrl-C ends only the looking."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = time.monotonic()
    with Bar(*columns, console=console, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
        rows = bar.add_task("rows", total=None)
        while True:
            progress = counting.progress()
            bar.update(rows, completed=progress.rows_in, total=progress.plan.rows)
            if progress.state != "running":
                return progress
            if began and not progress.receipts and time.monotonic() - began > LONELY_S:
                began = 0.0
                console.print("no part is done yet; is a `headrace worker batch` running?", style="yellow")
            time.sleep(LOOK_S)


def shown(progress: Progress) -> None:
    """One job."""
    told, plan = progress.as_dict(), progress.plan
    took = f" in {told['seconds']:,.1f} s" if told["seconds"] is not None else ""
    click.echo(f"job {plan.job} is {progress.state}: {plan.model} {plan.version}, {plan.input} -> {plan.output}")
    click.echo(f"parts  {told['parts_done']:,} of {told['parts']:,} done{took}")
    click.echo(
        f"rows   {told['rows_in']:,} of {told['rows']:,} in = {told['rows_scored']:,} scored + "
        f"{told['rows_rejected']:,} rejected"
    )
    for one in progress.failures:
        click.echo(f"part {one.part} failed on {one.worker}: {one.reason}")
    if progress.state == "failed":
        click.echo(f"once that is mended: headrace batch retry {plan.job}")


def listed(found: Sequence[Progress]) -> None:
    """Many jobs."""
    table = Table("job", "state", "model", "version", "parts", "rows", "rejected", "submitted", box=None)
    for one in found:
        told = one.as_dict()
        parts, rows = f"{told['parts_done']:,}/{told['parts']:,}", f"{told['rows_in']:,}/{told['rows']:,}"
        at = one.plan.submitted_at[:19].replace("T", " ")
        plan = one.plan
        table.add_row(plan.job, one.state, plan.model, plan.version, parts, rows, f"{told['rows_rejected']:,}", at)
    Console().print(table)
