"""Scoring rows as serving does."""

import numpy as np
import pyarrow as pa

from headrace.predict import Predictor
from trainer.errors import TrainingError
from trainer.ports import Floats


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


def weights(rows: pa.Table) -> Floats:
    """How many rows each stands for."""
    values: Floats = rows["weight"].to_numpy()
    return values


def arrays(rows: pa.Table) -> dict[str, pa.Array]:
    """Each column as one array, as a decoded batch has them."""
    return {name: rows[name].combine_chunks() for name in rows.column_names}
