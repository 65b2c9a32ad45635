"""The command `headrace replay`."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from threadpoolctl import threadpool_limits

from headrace import topics
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.instants import instant
from headrace.kafka.connect import kafka_address
from headrace.ledger.approvals import approvals
from headrace.registry import Registry
from headrace.release import Link, TrustedKeys
from headrace.settings import Settings, load
from streams.replay.now import Answering, WhatIf
from streams.replay.output import Output
from streams.replay.replaying import Replay
from streams.replay.report import Report
from streams.replay.showing import shown
from streams.replay.spans import Moment, spans
from streams.replay.then import Answered
from streams.score.loading import Loading
from streams.score.schemas import WriterSchemas


class MomentType(click.ParamType):
    """An offset, or a time."""

    name = "offset or time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Digits are an offset, all else is ISO-8601."""
        if str(value).isdigit():
            return int(value)
        at = instant(str(value))
        if at is None:
            self.fail(f"{value!r} is neither an offset nor a time such as 2026-01-15T12:00:00Z", param, ctx)
        return at


@click.command()
@click.argument("model")
@click.option("--from", "since", type=MomentType(), metavar="MOMENT", help="First request (default: the oldest kept).")
@click.option("--until", type=MomentType(), metavar="MOMENT", help="Stop before this one (default: the present end).")
@click.option(
    "--partition", "partitions", type=click.IntRange(0), multiple=True, help="Only this one; may be repeated."
)
@click.option("--version", "version", help="What if this version had answered?")
@click.option("--threshold", type=float, help="What if the decision were yes from this score on?")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write every compared request (Parquet)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(
    model: str,
    since: Moment | None,
    until: Moment | None,
    partitions: tuple[int, ...],
    version: str | None,
    threshold: float | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Score MODEL's requests once more, each with the release that answered it, and compare the answers bit for bit.

    Requests are read from their topic, what was answered from ClickHouse; no topic, group or table is written to. A
    MOMENT is an offset, or a time (ISO-8601) by which Kafka had the request.

    Exit code 1 when an answer came out differently, or what had been answered could not be replayed. With --version or
    --threshold other answers are what is asked for: the count then says how many would be decided otherwise.
    """
    settings = load()
    report = Report(model=model, what_if=version is not None or threshold is not None)
    asked = spans(kafka_address(settings), topics.requests(model), since=since, until=until, partitions=set(partitions))
    clickhouse = ClickHouse(clickhouse_address(settings))
    try:
        # As in the scorer: with more threads, sums might be added up in another order.
        with threadpool_limits(1), Output(output) as written:
            _replay(settings, model, clickhouse, version, threshold).run(asked, report, written)
    finally:
        clickhouse.close()
    _print(report, as_json)
    sys.exit(0 if report.good else 1)


def _replay(
    settings: Settings, model: str, clickhouse: ClickHouse, version: str | None, threshold: float | None
) -> Replay:
    registry, kafka = Registry.open(settings.registry_url), kafka_address(settings)
    links = approvals(kafka, TrustedKeys.read(settings.trusted_keys_folder), frozenset({model}))
    digest = _digest(registry, links, model, version) if version else ""
    loading = Loading(registry, settings.bundle_cache, WriterSchemas(registry, settings.schema_registry))
    answering = Answering(
        loading,
        links,
        settings.worker.max_request_bytes,
        WhatIf(version=version, digest=digest, threshold=threshold),
    )
    return Replay(model, kafka=kafka, answered=Answered(clickhouse, model), answering=answering)


def _digest(registry: Registry, links: dict[str, Link], model: str, version: str) -> str:
    """What was approved as this version; for one that never was, what the registry holds."""
    approved = (v.digest for link in links.values() for v in link.release.variants if v.version == version)
    return next(approved, None) or registry.digest(model, version)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict()))
        return
    console = Console()
    for part in shown(report):
        console.print(part)
