"""The command `headrace train`."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from headrace import settings
from headrace.modelfolder import ModelFolder
from trainer import app
from trainer.core.query import query
from trainer.ports import Progress
from trainer.registry import BundleRegistry


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--until", required=True, metavar="INSTANT", help="Train on what was known then (UTC, or with a zone).")
@click.option("--since", metavar="INSTANT", help="Leave out what happened before.")
@click.option("--evaluate-until", metavar="INSTANT", help="Evaluate up to there (default: evaluation_days later).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def train(folder: Path, until: str, since: str | None, evaluate_until: str | None, as_json: bool) -> None:
    """Train the estimator of a model FOLDER, measure it on what followed, and register the bundle."""
    model = ModelFolder.read(folder)
    days = model.toml.training.evaluation_days
    asked = query(since=since, until=until, evaluate_until=evaluate_until, evaluation_days=days)
    registry = BundleRegistry(settings.load().registry_url)
    trained = app.train(model, asked, registry=registry, progress=OnScreen(Console(stderr=True), silent=as_json))
    facts = report(trained)
    click.echo(json.dumps(facts) if as_json else text(facts))


def report(trained: app.Trained) -> dict[str, Any]:
    """What a run measured, as --json prints it."""
    draft = trained.draft
    counts = ("rows", "positives", "evaluation_rows", "evaluation_positives")
    measured = {name: value for name, value in draft.metrics.items() if name not in ("rows", "positives")}
    return {
        "model": draft.model,
        "version": trained.registered.version,
        **{name: draft.training[name] for name in counts},
        **measured,
        "seconds": round(trained.seconds, 3),
        "bundle_digest": trained.registered.digest,
    }


def text(facts: dict[str, Any]) -> str:
    """The same for a person: one fact a line."""
    width = max(map(len, facts))
    return "\n".join(f"{name.replace('_', ' '):{width}}  {_spelt(value)}" for name, value in facts.items())


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
