"""How good the scores of a set of rows are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

Floats = NDArray[np.float64]


def measure(task: str, labels: Floats, scores: Floats, *, threshold: float | None) -> dict[str, Any]:
    """The metrics of a task as plain numbers; None where the rows cannot tell (none at all, or one class only)."""
    if task == "regression":
        return regression(labels, scores)
    return classification(labels, scores, threshold=0.5 if threshold is None else threshold)


def classification(labels: Floats, scores: Floats, *, threshold: float) -> dict[str, Any]:
    """Labels are 0 or 1, scores the probability of 1; a score at the threshold counts as a yes."""
    rows, positives = len(labels), int(labels.sum())
    known = rows > 0
    return {
        "rows": rows,
        "positives": positives,
        "auc": float(metrics.roc_auc_score(labels, scores)) if 0 < positives < rows else None,
        "log_loss": float(metrics.log_loss(labels, scores, labels=[0.0, 1.0])) if known else None,
        "brier": float(np.mean((scores - labels) ** 2)) if known else None,
        "accuracy": float(np.mean((scores >= threshold) == (labels == 1))) if known else None,
        "threshold": threshold,
    }


def regression(labels: Floats, scores: Floats) -> dict[str, Any]:
    """Bias is positive when the scores are too high."""
    error = scores - labels
    known = len(labels) > 0
    return {
        "rows": len(labels),
        "mae": float(np.mean(np.abs(error))) if known else None,
        "rmse": float(np.sqrt(np.mean(error**2))) if known else None,
        "bias": float(np.mean(error)) if known else None,
    }
