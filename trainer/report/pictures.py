"""The pictures of a report, as SVG text."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from headrace.quality.judging import reliability
from headrace.quality.measures import placements
from trainer.core.evaluation import Judged

MOST_FEATURES = 40
MOST_POINTS = 400
OURS, THEIRS = "#0b6e75", "#b9812b"
# Text as text: smaller, and it can be searched. A fixed salt, or the same data would make other bytes each time.
STYLE: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "headrace", "font.size": 9, "axes.spines.top": False}


def pictures(judged: Judged, reference: Mapping[str, Any], facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Title and SVG of each picture that the data allows."""
    drawn: list[tuple[str, Callable[[Figure], None]]] = []
    if len(judged.labels):
        if judged.task == "regression":
            drawn.append(("Predicted and true values", lambda figure: _scatter(figure, judged)))
        else:
            if placements(judged.labels, judged.scores, judged.weights):
                drawn.append(("ROC", lambda figure: _roc(figure, judged)))
            drawn.append(("Calibration", lambda figure: _calibration(figure, judged)))
        drawn.append(("Scores", lambda figure: _scores(figure, judged)))
    if facts["slices"]:
        drawn.append(("Slices", lambda figure: _slices(figure, judged.task, facts["slices"])))
    drawn.append(("Features in training", lambda figure: _features(figure, reference["features"])))
    with matplotlib.rc_context(STYLE):
        return [(title, _svg(draw)) for title, draw in drawn]


def _svg(draw: Callable[[Figure], None]) -> str:
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    draw(figure)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _roc(figure: Figure, judged: Judged) -> None:
    axes = figure.add_subplot(xlabel="false-positive rate", ylabel="recall", aspect="equal")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.6)
    for name, scores, colour in _contenders(judged):
        axes.plot(*_curve(judged.labels, scores, judged.weights), color=colour, label=name)
    axes.legend(loc="lower right")


def _curve(
    labels: NDArray[np.float64], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    yes, no = (np.cumsum(weights[order] * part[order])[ends] for part in (labels, 1 - labels))
    thin = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_POINTS)).astype(int))
    return np.append(0, no[thin] / no[-1]), np.append(0, yes[thin] / yes[-1])


def _calibration(figure: Figure, judged: Judged) -> None:
    axes = figure.add_subplot(xlabel="mean score", ylabel="rate of yes", aspect="equal")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.6)
    for name, scores, colour in _contenders(judged):
        points = reliability(judged.labels, scores, judged.weights)
        axes.plot([p[1] for p in points], [p[2] for p in points], "o-", color=colour, label=name, markersize=3)
    axes.legend(loc="upper left")


def _scores(figure: Figure, judged: Judged) -> None:
    axes = figure.add_subplot(xlabel="score", ylabel="share of rows")
    bins: Any = np.linspace(0, 1, 41) if judged.task != "regression" else 40
    for name, scores, colour in _contenders(judged):
        weights = judged.weights / judged.weights.sum()
        axes.hist(scores, bins=bins, weights=weights, histtype="step", color=colour, label=name)
    axes.legend()


def _scatter(figure: Figure, judged: Judged) -> None:
    axes = figure.add_subplot(xlabel="true value", ylabel="predicted")
    thin = np.unique(np.linspace(0, len(judged.labels) - 1, min(len(judged.labels), 2000)).astype(int))
    for name, scores, colour in _contenders(judged):
        axes.plot(judged.labels[thin], scores[thin], ".", color=colour, label=name, markersize=2, alpha=0.5)
    axes.axline((float(judged.labels[0]),) * 2, slope=1, color="grey", linewidth=0.6)
    axes.legend()


def _slices(figure: Figure, task: str, slices: Sequence[Mapping[str, Any]]) -> None:
    name = "mae" if task == "regression" else "auc"
    kept = [one for one in slices if one["metrics"].get(name) is not None][:MOST_FEATURES]
    figure.set_size_inches(6, 1.2 + 0.2 * len(kept))
    axes = figure.add_subplot(xlabel=name)
    places = range(len(kept))
    values = [one["metrics"][name] for one in kept]
    ends = [one["metrics"]["intervals"][name] for one in kept]
    spread = [[v - (low if low is not None else v) for v, (low, _) in zip(values, ends, strict=True)]]
    spread.append([(high if high is not None else v) - v for v, (_, high) in zip(values, ends, strict=True)])
    axes.errorbar(values, places, xerr=spread, fmt="o", color=OURS, markersize=3)
    axes.set_yticks(places, [f"{one['slice']} = {one['value']} ({one['metrics']['rows']:,})" for one in kept])
    axes.invert_yaxis()


def _features(figure: Figure, described: Mapping[str, Any]) -> None:
    names = list(described)[:MOST_FEATURES]
    rows = -(-len(names) // 4)
    figure.set_size_inches(9, 1.4 * rows)
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, 4, number)
        axes.set_title(name, fontsize=8)
        axes.tick_params(labelsize=6)
        _feature(axes, described[name])


def _feature(axes: Axes, one: Mapping[str, Any]) -> None:
    if one["kind"] == "categories":
        kept = list(one["counts"].items())[:8]
        axes.bar([str(name)[:6] for name, _ in kept], [count for _, count in kept], color=OURS)
    else:
        axes.bar(range(len(one["counts"])), one["counts"], color=OURS)
        edges = [f"{edge:.3g}" for edge in one["edges"]]
        axes.set_xticks([place + 0.5 for place in range(len(edges))], edges, rotation=60)


def _contenders(judged: Judged) -> list[tuple[str, NDArray[np.float64], str]]:
    ours = [("this version", judged.scores, OURS)]
    return ours if judged.champion is None else [("champion", judged.champion, THEIRS), *ours]
