"""The command `headrace quality`."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.instants import instant, spelt
from headrace.quality.judging import Cohort
from headrace.quality.reading import quality_of
from headrace.quality.showing import table
from headrace.settings import load

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LEGEND = (
    "A window holds the answers whose event_time lies in it. Immature: younger than the time in which labels arrive; "
    "incomplete: old enough, but with fewer labels than there should be. Only mature windows are judged; ± is half of "
    "the 95 % interval."
)


class Window(click.ParamType):
    """A length of time such as 1d, 6h or 30m."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """A timedelta."""
        found = re.fullmatch(r"([1-9]\d{0,4})([mhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is not a length of time; write for instance 1d, 6h or 30m", param, ctx)
        return int(found[1]) * UNITS[found[2]]


class Instant(click.ParamType):
    """A date or an instant in ISO 8601, UTC unless it names a zone."""

    name = "INSTANT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """A datetime with its zone."""
        found = instant(str(value))
        if found is None:
            self.fail(
                f"{value!r} is no date or instant in ISO 8601, such as 2026-02-01 or 2026-02-01T06:00Z", param, ctx
            )
        return found


@click.command()
@click.argument("model")
@click.option("--window", type=Window(), default="1d", show_default=True, help="length of a window of event time")
@click.option("--since", type=Instant(), help="first event")
@click.option("--until", type=Instant(), help="events before")
@click.option("--version", help="only this version")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="draw it, too")
def quality(
    model: str,
    window: timedelta,
    since: datetime | None,
    until: datetime | None,
    version: str | None,
    as_json: bool,
    plot: Path | None,
) -> None:
    """How good MODEL's answers were, by their labels: by version, variant and window."""
    clickhouse = ClickHouse(clickhouse_address(load()))
    try:
        found = quality_of(clickhouse, model, window=window, since=since, until=until)
    finally:
        clickhouse.close()
    shown = [one for one in found.cohorts if version in (None, one.version)]
    if plot and shown:
        _drawn(model, shown, plot)
    if as_json:
        click.echo(
            json.dumps({"model": model, "task": found.task, "clock": spelt(found.clock), "cohorts": _told(shown)})
        )
    else:
        _print(model, shown)


def _print(model: str, cohorts: list[Cohort]) -> None:
    console = Console()
    if not cohorts:
        console.print(f"{model} has not answered any such request")
        return
    console.print(table(model, cohorts))
    console.print(LEGEND, style="dim")


def _drawn(model: str, cohorts: list[Cohort], file: Path) -> None:
    from headrace.quality.plot import draw  # needs matplotlib, which serving does not have

    draw(model, cohorts, file)


def _told(cohorts: list[Cohort]) -> list[dict[str, Any]]:
    return [one.to_dict() for one in cohorts]
