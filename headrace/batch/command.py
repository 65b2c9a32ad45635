"""`headrace batch`: submit, status, list, cancel, retry."""

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

import click

from headrace.batch.counting import Counting, Progress
from headrace.batch.errors import BatchError
from headrace.batch.formats.known import Formats
from headrace.batch.outputs import TABLE, in_folder
from headrace.batch.pinning import Pinning
from headrace.batch.planning import Drafted, Order, Pinned, drafted
from headrace.batch.showing import awaited, listed, shown
from headrace.batch.store import JobStore
from headrace.batch.submitting import Submitting
from headrace.batch.table import create_table
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.registry import Registry
from headrace.registry.store import WriteOnce
from headrace.release import TrustedKeys
from headrace.settings import Settings, load

JOB = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def batch() -> None:
    """Score files, tables and queries with the workers of `headrace worker batch`, each row once."""


@batch.command()
@click.argument("model")
@click.option("--input", "source", required=True, help="A file, folder, glob, store address, clickhouse:QUERY.")
@click.option("--output", required=True, help="A folder, store address, clickhouse:TABLE, MODEL.predictions.")
@click.option("--version", help="Score with this version (default: what serves now).")
@click.option("--candidate", is_flag=True, help="Score with the latest candidate.")
@click.option("--columns", multiple=True, metavar="NAME=FEATURE", help="A column that is called otherwise.")
@click.option("--rows-per-part", type=click.IntRange(1), help="About so many (default: by their size, to 200,000).")
@click.option("--key", default="", metavar="COLUMN", help="Of a query: the column whose ranges are its parts.")
@click.option("--job", default="", help="A name for the job (default: made from its input, version and output).")
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@AS_JSON
def submit(
    model: str,
    source: str,
    output: str,
    version: str | None,
    candidate: bool,
    columns: tuple[str, ...],
    rows_per_part: int | None,
    key: str,
    job: str,
    wait: bool,
    as_json: bool,
) -> None:
    """Score the rows of an input with MODEL.

    The version is pinned for the whole job, whatever is released meanwhile. The same input, version and output are the
    same job: submitting it again goes on with it. Exit code 1 when, after --wait, the job is not done.
    """
    settings = load()
    if job and not JOB.fullmatch(job):
        raise BatchError(f"{job!r} cannot be a job's name: small letters, digits and -, at most 41")
    order = Order(
        model=model,
        input=source,
        output=output,
        columns=_mapped(columns),
        rows_per_part=rows_per_part,
        actor=settings.acting,
        job=job,
        key=key,
    )
    registry = Registry.open(settings.registry_url)
    pinned = _pinned(settings, registry, model, version, candidate=candidate)
    formats = Formats(lambda: clickhouse_address(settings))
    draft = drafted(order, pinned, registry.manifest(model, pinned.version).features, formats)
    for note in draft.notes:
        click.echo(f"note: {note}", err=True)
    store = JobStore.open(settings.registry_url)
    _prepare(settings, draft)
    plan = Submitting(store, kafka_address(settings), formats).submit(draft.plan)
    counting = Counting(store, plan)
    _end(awaited(counting, quiet=as_json) if wait else counting.progress(), as_json, waited=wait)


@batch.command()
@click.argument("job")
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@AS_JSON
def status(job: str, wait: bool, as_json: bool) -> None:
    """How far JOB is: parts, rows scored and rejected, what failed and why."""
    counting = _counting(load(), job)
    _end(awaited(counting, quiet=as_json) if wait else counting.progress(), as_json, waited=wait)


@batch.command(name="list")
@AS_JSON
def list_(as_json: bool) -> None:
    """All jobs, the latest last."""
    store = JobStore.open(load().registry_url)
    found = [Counting(store, store.plan(job)).progress() for job in store.jobs()]
    found.sort(key=lambda one: one.plan.submitted_at)
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in found]))
    else:
        listed(found)


@batch.command()
@click.argument("job")
@AS_JSON
def cancel(job: str, as_json: bool) -> None:
    """Let nobody take further parts of JOB. What was written stays; without a manifest it does not count."""
    settings = load()
    store = JobStore.open(settings.registry_url)
    plan = store.plan(job)
    if store.manifest(job) is None:
        store.cancel(job, settings.acting)
    _end(Counting(store, plan).progress(), as_json, waited=False)


@batch.command()
@click.argument("job")
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@AS_JSON
def retry(job: str, wait: bool, as_json: bool) -> None:
    """Ask once more for the parts of JOB that are not done, for instance once a damaged file was mended."""
    settings = load()
    store = JobStore.open(settings.registry_url)
    formats = Formats(lambda: clickhouse_address(settings))
    plan = Submitting(store, kafka_address(settings), formats).retry(job, settings.acting)
    counting = Counting(store, plan)
    _end(awaited(counting, quiet=as_json) if wait else counting.progress(), as_json, waited=wait)


def _counting(settings: Settings, job: str) -> Counting:
    store = JobStore.open(settings.registry_url)
    return Counting(store, store.plan(job))


def _prepare(settings: Settings, draft: Drafted) -> None:
    """Make what all parts write into, so that what stands against it is told at once."""
    output = draft.plan.output
    if in_folder(draft.plan):
        WriteOnce(output, "output").make()
    elif output.startswith(TABLE):
        clickhouse = ClickHouse(clickhouse_address(settings))
        try:
            create_table(clickhouse, output.removeprefix(TABLE), draft.columns)
        finally:
            clickhouse.close()


def _pinned(settings: Settings, registry: Registry, model: str, version: str | None, *, candidate: bool) -> Pinned:
    pinning = Pinning(kafka_address(settings), TrustedKeys.read(settings.trusted_keys_folder), registry)
    if version and candidate:
        raise click.UsageError("--version and --candidate exclude each other")
    if version:
        return pinning.version(model, version)
    return pinning.candidate(model) if candidate else pinning.champion(model)


def _mapped(columns: Iterable[str]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in columns]
    if wrong := [one for one, (name, _, feature) in zip(columns, pairs, strict=True) if not (name and feature)]:
        raise BatchError(f"--columns {wrong[0]}: write NAME=FEATURE, the input's name first")
    return {feature: name for name, _, feature in pairs}


def _end(progress: Progress, as_json: bool, *, waited: bool) -> None:
    told: dict[str, Any] = progress.as_dict()
    if as_json:
        click.echo(json.dumps(told))
    else:
        shown(progress)
    sys.exit(1 if waited and progress.state != "done" else 0)
