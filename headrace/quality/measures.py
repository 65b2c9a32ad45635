"""Measures of scores against labels, each with its 95 % interval; pure.

Rows may be weighted (by 1 / inclusion probability where answers were sampled for the log): every measure is then an
estimate for all rows, and its variance is that of the weighted mean of the rows' influence.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z95 = 1.959963984540054
SMALLEST = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A value and its 95 % interval; the interval is None where the rows are too few to tell."""

    value: float
    low: float | None
    high: float | None

    def to_list(self) -> list[float | None]:
        """[value, low, high]."""
        return [self.value, self.low, self.high]


Measures = Mapping[str, Measure | None]


def classification(labels: Floats, scores: Floats, decisions: Floats, weights: Floats) -> dict[str, Measure | None]:
    """Labels and decisions are 0 or 1, scores the probability of 1; None where the rows cannot tell.

    calibration is the mean score less the rate of yes: positive when the scores are too high.
    """
    yes, said = labels == 1, decisions == 1
    clipped = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return {
        "auc": auc(labels, scores, weights),
        "log_loss": mean(-np.log(np.where(yes, clipped, 1 - clipped)), weights),
        "brier": mean((scores - labels) ** 2, weights),
        "calibration": mean(scores - labels, weights),
        "precision": proportion(yes[said], weights[said]),
        "recall": proportion(said[yes], weights[yes]),
        "false_positive_rate": proportion(said[~yes], weights[~yes]),
    }


def regression(labels: Floats, scores: Floats, weights: Floats) -> dict[str, Measure | None]:
    """bias is positive when the scores are too high."""
    error = scores - labels
    return {
        "mae": mean(np.abs(error), weights),
        "rmse": _root(mean(error**2, weights)),
        "bias": mean(error, weights),
    }


def compared(
    task: str, labels: Floats, before: Floats, after: Floats, weights: Floats, threshold: float | None
) -> dict[str, Measure | None]:
    """How much each measure changes from the scores `before` to those `after`, over the same rows.

    Paired: the interval is that of the rows' differences, so that what both find hard does not widen it.
    """
    if task == "regression":
        old, new = before - labels, after - labels
        return {
            "mae": mean(np.abs(new) - np.abs(old), weights),
            "rmse": _root_difference(old, new, weights),
            "bias": mean(new - old, weights),
        }
    yes = labels == 1
    losses = [-np.log(np.where(yes, p, 1 - p)) for p in (np.clip(s, SMALLEST, 1 - SMALLEST) for s in (before, after))]
    cut = 0.5 if threshold is None else threshold
    said = (after >= cut).astype(np.float64) - (before >= cut)
    return {
        "auc": _auc_difference(labels, before, after, weights),
        "log_loss": mean(losses[1] - losses[0], weights),
        "brier": mean((after - labels) ** 2 - (before - labels) ** 2, weights),
        "calibration": mean(after - before, weights),
        "recall": mean(said[yes], weights[yes]),
        "false_positive_rate": mean(said[~yes], weights[~yes]),
    }


def _auc_difference(labels: Floats, before: Floats, after: Floats, weights: Floats) -> Measure | None:
    """DeLong's test of two correlated curves: placements are subtracted row by row."""
    old, new = placements(labels, before, weights), placements(labels, after, weights)
    if old is None or new is None:
        return None
    yes, gain = labels == 1, new[0] - old[0]
    if min(len(old[1]), len(old[2])) < 2:
        return Measure(value=gain, low=None, high=None)
    spread = _variance(new[1] - old[1] - gain, weights[yes]) + _variance(new[2] - old[2] - gain, weights[~yes])
    return _around(gain, spread)


def _root_difference(old: Floats, new: Floats, weights: Floats) -> Measure | None:
    """Of two root mean squares, by the delta method."""
    if not len(old):
        return None
    before, after = (math.sqrt(float(np.average(error**2, weights=weights))) for error in (old, new))
    if len(old) < 2 or not before or not after:
        return Measure(value=after - before, low=None, high=None)
    influence = (new**2 / after - after) / 2 - (old**2 / before - before) / 2
    return _around(after - before, _variance(influence, weights))


def mean(values: Floats, weights: Floats) -> Measure | None:
    """The weighted mean, with the normal interval of its linearised variance."""
    if not len(values):
        return None
    middle = float(np.average(values, weights=weights))
    return _around(middle, _variance(values - middle, weights) if len(values) > 1 else None)


def proportion(hits: NDArray[np.bool_], weights: Floats) -> Measure | None:
    """A share with Wilson's interval (Wilson 1927); weighted rows count as their effective number (Kish 1965)."""
    if not len(hits):
        return None
    share = float(np.average(hits, weights=weights))
    n = float(weights.sum() ** 2 / (weights**2).sum())
    centre, spread = share + Z95**2 / (2 * n), Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    scale = 1 + Z95**2 / n
    return Measure(value=share, low=max(0.0, (centre - spread) / scale), high=min(1.0, (centre + spread) / scale))


def auc(labels: Floats, scores: Floats, weights: Floats) -> Measure | None:
    """The area under the ROC curve; ties count one half. Its variance is that of DeLong, DeLong and Clarke-Pearson
    (Biometrics 44, 1988): the placements of each class among the other. None when one class is missing."""
    found = placements(labels, scores, weights)
    if found is None:
        return None
    value, of_yes, of_no = found
    yes = labels == 1
    if min(len(of_yes), len(of_no)) < 2:
        return Measure(value=value, low=None, high=None)
    variance = _variance(of_yes - value, weights[yes]) + _variance(of_no - value, weights[~yes])
    measure = _around(value, variance)
    return Measure(value=value, low=max(0.0, measure.low or 0.0), high=min(1.0, measure.high or 0.0))


def placements(labels: Floats, scores: Floats, weights: Floats) -> tuple[float, Floats, Floats] | None:
    """The AUC; for each yes the share of no's below it, for each no the share of yes's above it. Ties count by half."""
    yes = labels == 1
    if yes.all() or not yes.any():
        return None
    order = np.argsort(scores)
    ordered = scores[order]
    # Rows of equal scores are one step; below a row lie the steps before its own, and half of its own.
    step = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    shares = []
    for others in (~yes, yes):
        sums = np.bincount(step, np.where(others, weights, 0.0)[order])
        below = np.empty(len(scores))
        below[order] = ((np.cumsum(sums) - sums / 2) / sums.sum())[step]
        shares.append(below)
    of_yes, of_no = shares[0][yes], 1 - shares[1][~yes]
    return float(np.average(of_yes, weights=weights[yes])), of_yes, of_no


def _variance(influence: Floats, weights: Floats) -> float:
    """Of a weighted mean whose rows have this influence, with the correction for one parameter estimated."""
    n = len(influence)
    return float(((weights * influence) ** 2).sum() / weights.sum() ** 2 * n / (n - 1)) if n > 1 else math.inf


def _around(middle: float, variance: float | None) -> Measure:
    if variance is None:
        return Measure(value=middle, low=None, high=None)
    half = Z95 * math.sqrt(variance)
    return Measure(value=middle, low=middle - half, high=middle + half)


def _root(square: Measure | None) -> Measure | None:
    if square is None:
        return None
    low = None if square.low is None else math.sqrt(max(0.0, square.low))
    high = None if square.high is None else math.sqrt(square.high)
    return Measure(value=math.sqrt(square.value), low=low, high=high)
