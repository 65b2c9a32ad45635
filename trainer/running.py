"""A training run on the services that the settings name: the composition root of the command and of the worker."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.candidate import post, proposed
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.registry import Registry
from headrace.release import TrustedKeys
from headrace.settings import Settings
from trainer import app
from trainer.champion import champion
from trainer.core.query import query
from trainer.dataset import ClickHouseRows
from trainer.errors import QueryError
from trainer.finding import find_folder
from trainer.ports import Champion, Progress
from trainer.registry import BundleRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to train: a folder or a model that was applied, and instants as a person writes them; empty for defaults.

    request: the id of what asked for it; empty for a person's own training.
    """

    model: str
    since: str | None = None
    until: str | None = None
    evaluate_until: str | None = None
    request: str = ""


def train_and_propose(wanted: Wanted, configured: Settings, progress: Progress) -> dict[str, Any]:
    """Train, register, propose; what was measured."""
    run = _run(wanted, configured, progress)
    registry = BundleRegistry(configured.registry_url)
    rows = ClickHouseRows(clickhouse_address(configured))
    trained = app.train(run, rows=rows, registry=registry, progress=progress)
    proposal = proposed(
        model=run.folder.name,
        version=trained.registered.version,
        digest=trained.registered.digest,
        actor=configured.acting,
        metrics=dict(trained.draft.metrics),
        request=wanted.request,
    )
    post(kafka_address(configured), proposal)
    return report(trained)


def _run(wanted: Wanted, configured: Settings, progress: Progress) -> app.Run:
    clickhouse = ClickHouse(clickhouse_address(configured))
    try:
        folder = find_folder(wanted.model, clickhouse)
        days = folder.toml.training.evaluation_days
        until = wanted.until or _until(clickhouse, folder.name, days)
    finally:
        clickhouse.close()
    asked = query(since=wanted.since or None, until=until, evaluate_until=wanted.evaluate_until, evaluation_days=days)
    present = _champion(folder.name, configured, progress)
    return app.Run(folder=folder, asked=asked, as_of=datetime.now(UTC), champion=present)


def _champion(model: str, configured: Settings, progress: Progress) -> Champion | None:
    return champion(
        model,
        kafka=kafka_address(configured),
        trusted=TrustedKeys.read(configured.trusted_keys_folder),
        registry=Registry.open(configured.registry_url),
        cache=configured.bundle_cache,
        progress=progress,
    )


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
