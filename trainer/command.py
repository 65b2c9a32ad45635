"""The command `headrace train`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console

from headrace import settings
from headrace.candidate import asked as asked_for
from headrace.candidate import post, proposed
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.registry import Registry
from headrace.release import TrustedKeys
from headrace.settings import Settings
from trainer import app
from trainer.champion import champion
from trainer.core.query import Query, query
from trainer.dataset import ClickHouseRows
from trainer.errors import QueryError
from trainer.finding import find_folder
from trainer.ports import Progress
from trainer.registry import BundleRegistry
from trainer.reproducing import reproduce


@click.command()
@click.argument("model")
@click.option("--until", metavar="INSTANT", help="Train on what was known then (default: leave out evaluation_days).")
@click.option("--since", metavar="INSTANT", help="Leave out what happened before.")
@click.option("--evaluate-until", metavar="INSTANT", help="Evaluate up to there (default: evaluation_days later).")
@click.option("--ask", metavar="REASON", help="Do not train here: ask the trainer's worker to.")
@click.option("--reproduce", "version", metavar="VERSION", help="Train VERSION again, compare, register nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def train(
    model: str,
    until: str | None,
    since: str | None,
    evaluate_until: str | None,
    ask: str | None,
    version: str | None,
    as_json: bool,
) -> None:
    """Train MODEL (a folder, or a model that was applied) from ClickHouse, evaluate it on what followed, propose it."""
    configured, progress = settings.load(), OnScreen(Console(stderr=True), silent=as_json)
    if ask:
        request = asked_for(model=model, actor=configured.acting, reason=ask, since=since or "", until=until or "")
        post(kafka_address(configured), request)
        click.echo(json.dumps({"request": request.id}) if as_json else f"asked for: request {request.id}")
    elif version:
        again = reproduce(model, version, configured, progress)
        click.echo(json.dumps(again.to_dict()) if as_json else "\n".join(again.lines()))
        raise SystemExit(1 if again.differences else 0)
    else:
        facts = train_here(model, configured, progress, since=since, until=until, evaluate_until=evaluate_until)
        click.echo(json.dumps(facts) if as_json else text(facts))


def train_here(
    model: str,
    configured: Settings,
    progress: Progress,
    *,
    since: str | None = None,
    until: str | None = None,
    evaluate_until: str | None = None,
    request: str = "",
) -> dict[str, Any]:
    """Train, register, propose; what was measured."""
    address, kafka = clickhouse_address(configured), kafka_address(configured)
    clickhouse = ClickHouse(address)
    try:
        folder = find_folder(model, clickhouse)
        days = folder.toml.training.evaluation_days
        until = until or _until(clickhouse, folder.name, days)
    finally:
        clickhouse.close()
    wanted: Query = query(since=since or None, until=until, evaluate_until=evaluate_until, evaluation_days=days)
    run = app.Run(
        folder=folder,
        asked=wanted,
        as_of=datetime.now(UTC),
        champion=champion(
            folder.name,
            kafka=kafka,
            trusted=TrustedKeys.read(configured.trusted_keys_folder),
            registry=Registry.open(configured.registry_url),
            cache=configured.bundle_cache,
            progress=progress,
        ),
    )
    registry = BundleRegistry(configured.registry_url)
    trained = app.train(run, rows=ClickHouseRows(address), registry=registry, progress=progress)
    facts = report(trained)
    proposal = proposed(
        model=folder.name,
        version=trained.registered.version,
        digest=trained.registered.digest,
        actor=configured.acting,
        metrics=dict(trained.draft.metrics),
        request=request,
    )
    post(kafka, proposal)
    return facts


def _until(clickhouse: ClickHouse, model: str, days: int) -> str:
    """So long before the latest label that the rows after it can be evaluated."""
    found = clickhouse.rows(
        f"SELECT greatest((SELECT max(label_time) FROM {model}_history), "
        f"(SELECT ifNull(max(label_time), toDateTime64(0, 3, 'UTC')) FROM {model}_labels)) AS latest",
        doing="reading the latest label",
    )
    latest: datetime = found[0][0]
    if latest.year <= 1970:
        raise QueryError(f"{model} has neither history nor labels; `headrace import {model} FILE` brings some")
    return (min(latest, datetime.now(UTC)) - timedelta(days=days)).isoformat()


def report(trained: app.Trained) -> dict[str, Any]:
    """What a run measured, as --json prints it."""
    draft = trained.draft
    counts = ("rows", "positives", "evaluation_rows", "evaluation_positives")
    measured = {n: v for n, v in draft.metrics.items() if n not in ("rows", "positives", "intervals")}
    return {
        "model": draft.model,
        "version": trained.registered.version,
        **{name: draft.training[name] for name in counts},
        **measured,
        "against": draft.training.get("against"),
        "seconds": round(trained.seconds, 3),
        "bundle_digest": trained.registered.digest,
    }


def text(facts: dict[str, Any]) -> str:
    """The same for a person: one fact a line."""
    against = facts.get("against") or {}
    plain = {name: value for name, value in facts.items() if name != "against"}
    for name, change in against.get("difference", {}).items():
        if change:
            plain[f"{name} against {against['version']}"] = (
                f"{change[0]:+.4f} ({_spelt(change[1])} to {_spelt(change[2])})"
            )
    width = max(map(len, plain))
    lines = [f"{name.replace('_', ' '):{width}}  {_spelt(value)}" for name, value in plain.items()]
    return "\n".join([*lines, f"proposed; `headrace release approve {facts['model']} {facts['version']}` releases it"])


class OnScreen(Progress):
    """Steps and notes on stderr; with --json only the notes."""

    def __init__(self, console: Console, *, silent: bool) -> None:
        self._console = console
        self._silent = silent

    def step(self, what: str) -> None:
        """One line a step."""
        if not self._silent:
            self._console.print(f"{what} …", style="dim", highlight=False)

    def note(self, what: str) -> None:
        """One line a note."""
        self._console.print(f"note: {what}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _spelt(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
