"""Fitting a folder's estimator."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.errors import TrainingError
from trainer.ports import Floats

# Labels are fitted as 0 and 1, whatever they are called.
POSITIVE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted estimator, and what it warned of on the way, each warning once."""

    model: Any
    warnings: tuple[str, ...]


def fit(
    estimator: Any,
    matrix: Floats,
    labels: Floats,
    weights: Floats,
    *,
    task: str,
    seed: int,
    call: Callable[..., Any],
) -> Fitted:
    """Fit an estimator on [rows, features]; `call` runs its code, which may be the folder's own.

    Every random_state that the folder left open is set to the seed, so that the same rows make the same model.
    """
    _check(estimator, labels, task)
    _seed(estimator, seed)
    targets = labels if task == "regression" else labels.astype(np.int64)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = call(estimator.fit, matrix, targets, **_weighted(estimator, weights))
    said = dict.fromkeys(" ".join(f"{w.category.__name__}: {w.message}".split()) for w in caught)
    return Fitted(model=model, warnings=tuple(said))


def _check(estimator: Any, labels: Floats, task: str) -> None:
    wanted = "predict" if task == "regression" else "predict_proba"
    missing = [method for method in ("fit", wanted) if not callable(getattr(estimator, method, None))]
    if missing:
        kind = type(estimator).__name__
        raise TrainingError(f"estimator() gave a {kind}, which has no {'() and no '.join(missing)}()")
    if len(labels) == 0:
        raise TrainingError("no labelled row is left to train on: its event and its label must be before --until")
    if task == "classification" and len(np.unique(labels)) == 1:
        raise TrainingError(f"all {len(labels)} training rows have the label {bool(labels[0])}: nothing to tell apart")


def _weighted(estimator: Any, weights: Floats) -> dict[str, Floats]:
    """The weights under the name by which fit takes them; nothing when all rows weigh alike."""
    if len(weights) == 0 or (weights == weights[0]).all():
        return {}
    steps = getattr(estimator, "steps", None)
    return {f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}


def _seed(estimator: Any, seed: int) -> None:
    if hasattr(estimator, "get_params"):
        parameters = estimator.get_params(deep=True)
        states = [n for n, value in parameters.items() if n.rpartition("__")[2] == "random_state" and value is None]
        estimator.set_params(**dict.fromkeys(states, seed))
