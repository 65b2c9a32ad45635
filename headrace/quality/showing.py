"""Quality as a table for a person."""

from collections.abc import Sequence

from rich.table import Table

from headrace.quality.judging import Cohort, State
from headrace.quality.measures import Measure

COLOURS = {State.MATURE: "green", State.IMMATURE: "yellow", State.INCOMPLETE: "red"}


def table(model: str, cohorts: Sequence[Cohort]) -> Table:
    """One line a cohort; a measure is its value and half the width of its interval."""
    names = list(cohorts[0].measures)
    made = Table("version", "variant", "window", title=f"quality of {model}", title_justify="left")
    for column in ("answers", "labels", "share", *(name.replace("_", " ") for name in names)):
        made.add_column(column, justify="right")
    made.add_column("state")
    for one in cohorts:
        start = f"{one.start:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if one.start else "all mature"
        counts = (f"{one.predicted:,}", f"{one.labels:,}", f"{one.share:.3f}")
        shown = (_spelt(one.measures[name]) for name in names)
        state = f"[{COLOURS[one.state]}]{one.state}[/]"
        style = "bold" if one.start is None else "" if one.state is State.MATURE else "dim"
        made.add_row(
            one.version, one.variant, start, *counts, *shown, state, style=style, end_section=one.start is None
        )
    return made


def _spelt(measure: Measure | None) -> str:
    if measure is None:
        return "-"
    if measure.low is None or measure.high is None:
        return f"{measure.value:.4f}"
    return f"{measure.value:.4f} ±{(measure.high - measure.low) / 2:.4f}"
