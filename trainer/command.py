"""The command `headrace train`."""

import json
from typing import Any

import click
from rich.console import Console

from headrace import settings
from headrace.candidate import asked as asked_for
from headrace.candidate import post
from headrace.kafka.connect import kafka_address
from trainer.ports import Progress
from trainer.reproducing import reproduce
from trainer.running import Wanted, train_and_propose


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
        facts = train_and_propose(
            Wanted(model=model, since=since, until=until, evaluate_until=evaluate_until), configured, progress
        )
        click.echo(json.dumps(facts) if as_json else text(facts))


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
