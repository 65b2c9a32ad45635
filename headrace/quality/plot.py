"""Quality over time as a picture."""

from collections.abc import Sequence
from pathlib import Path

from headrace.quality.errors import QualityError
from headrace.quality.judging import Cohort, State

COLUMNS = 2
MARKS = {State.MATURE: "o", State.IMMATURE: "x", State.INCOMPLETE: "v"}


def draw(model: str, cohorts: Sequence[Cohort], file: Path) -> None:
    """One panel a measure, one line a version and variant; windows that may not be judged are marked otherwise.

    Raises QualityError where matplotlib is missing or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise QualityError("drawing needs matplotlib, which comes with the training requirements") from None
    names = list(cohorts[0].measures)
    rows = -(-len(names) // COLUMNS)
    figure = Figure(figsize=(6 * COLUMNS, 2.6 * rows), layout="constrained")
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, COLUMNS, number, title=name.replace("_", " "))
        for who in sorted({(one.version, one.variant) for one in cohorts}):
            _line(axes, name, [one for one in cohorts if (one.version, one.variant) == who and one.start])
        axes.tick_params(axis="x", rotation=30)
    if named := [axes for axes in figure.axes if axes.get_legend_handles_labels()[0]]:
        named[0].legend(fontsize="small")
    figure.suptitle(f"{model}: quality by event time; x too young to be judged, triangle too few labels")
    try:
        figure.savefig(file, dpi=110)
    except (OSError, ValueError) as error:
        raise QualityError(f"{file} cannot be written: {error}") from None


def _line(axes: object, name: str, cohorts: Sequence[Cohort]) -> None:
    found = [(one, measure) for one in cohorts if (measure := one.measures[name])]
    if not found:
        return
    label = f"{found[0][0].version} {found[0][0].variant}"
    starts = [one.start for one, _ in found]
    (line,) = axes.plot(starts, [measure.value for _, measure in found], linewidth=1, label=label)  # type: ignore[attr-defined]
    for state, mark in MARKS.items():
        ours = [(one.start, measure) for one, measure in found if one.state is state]
        values = [measure.value for _, measure in ours]
        below = [0.0 if m.low is None else m.value - m.low for _, m in ours]
        above = [0.0 if m.high is None else m.high - m.value for _, m in ours]
        axes.errorbar(  # type: ignore[attr-defined]
            [start for start, _ in ours], values, yerr=[below, above], fmt=mark, color=line.get_color(), elinewidth=0.7
        )
