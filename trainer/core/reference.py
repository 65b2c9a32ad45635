"""What the inputs and scores looked like at training, to compare the live ones with."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.features import Feature, FeatureSet

DECILES = np.linspace(0.1, 0.9, 9)
MOST_CATEGORIES = 500
SCORE_BINS = 20


def reference(features: FeatureSet, rows: pa.Table, scores: NDArray[np.float64], *, task: str) -> dict[str, Any]:
    """Distributions of every feature over the rows, and of the scores; everything as plain numbers for JSON."""
    described = {feature.name: _feature(feature, rows[feature.name].combine_chunks()) for feature in features.features}
    return {"rows": rows.num_rows, "features": described, "scores": _scores(scores, task)}


def _feature(feature: Feature, column: pa.Array) -> dict[str, Any]:
    nulls = {"nulls": column.null_count}
    if feature.categorical:
        return nulls | _categories(column.drop_null())
    return nulls | _bins(_floats(column.drop_null()))


def _categories(column: pa.Array) -> dict[str, Any]:
    """The most frequent categories with their counts, and how many rows have one of the rest."""
    counted = [(row["values"], row["counts"]) for row in pc.value_counts(column).to_pylist()]
    counted.sort(key=_frequent_first)
    kept, rest = counted[:MOST_CATEGORIES], counted[MOST_CATEGORIES:]
    return {"kind": "categories", "counts": dict(kept), "others": sum(count for _, count in rest)}


def _frequent_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _bins(values: NDArray[np.float64]) -> dict[str, Any]:
    """Bin i holds the values in (edges[i-1], edges[i]]; first and last bins are open. Equal deciles are one edge."""
    edges = np.unique(np.quantile(values, DECILES)) if len(values) else np.empty(0)
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    mean = float(values.mean()) if len(values) else None
    return {"kind": "bins", "edges": edges.tolist(), "counts": counts.tolist(), "mean": mean}


def _scores(scores: NDArray[np.float64], task: str) -> dict[str, Any]:
    """Of probabilities, equal bins between 0 and 1; of regression values, their deciles."""
    if task == "regression":
        return _bins(scores)
    edges = np.linspace(0, 1, SCORE_BINS + 1)[1:-1]
    counts = np.bincount(np.searchsorted(edges, scores, side="left"), minlength=SCORE_BINS)
    mean = float(scores.mean()) if len(scores) else None
    return {"kind": "bins", "edges": edges.tolist(), "counts": counts.tolist(), "mean": mean}


def _floats(column: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values
