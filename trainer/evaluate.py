"""Scoring rows as serving does, and measuring the scores."""

from typing import Any

import numpy as np
import pyarrow as pa

from headrace.predict import Predictor
from trainer.core.metrics import measure
from trainer.errors import TrainingError
from trainer.ports import Floats


def evaluate(predictor: Predictor, rows: pa.Table, *, task: str, threshold: float | None) -> dict[str, Any]:
    """The task's metrics over labelled rows."""
    return measure(task, labels(rows), scores(predictor, rows), threshold=threshold)


def scores(predictor: Predictor, rows: pa.Table) -> Floats:
    """One score a row; raises TrainingError when one is not a number."""
    values = predictor.scores(arrays(rows), rows.num_rows)
    if not np.isfinite(values).all():
        raise TrainingError("the fitted model gives NaN or infinite scores; it could never serve")
    return values


def labels(rows: pa.Table) -> Floats:
    """The labels as numbers, yes as 1."""
    values: Floats = rows["label"].to_numpy().astype(np.float64)
    return values


def arrays(rows: pa.Table) -> dict[str, pa.Array]:
    """Each column as one array, as a decoded batch has them."""
    return {name: rows[name].combine_chunks() for name in rows.column_names}
