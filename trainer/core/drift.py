"""How far rows have moved from what a bundle was trained on; pure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.features import Feature, FeatureSet

LEAST = 1e-4


def drift(features: FeatureSet, reference: Mapping[str, Any], rows: pa.Table) -> dict[str, float]:
    """The population stability index of each feature that the reference describes, the farthest first.

    The sum of (p - q) ln(p / q) over the bins, null being one (Siddiqi, Credit Risk Scorecards, 2006): below 0.1 counts
    as little, above 0.25 as much; seasons alone may pass both.
    """
    described = reference.get("features", {})
    found = {
        feature.name: stability(*_counts(feature, described[feature.name], rows[feature.name].combine_chunks()))
        for feature in features.features
        if feature.name in described
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def stability(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Of two counts over the same bins; an empty bin counts as one row in ten thousand."""
    p, q = (np.maximum(counts / max(counts.sum(), 1.0), LEAST) for counts in (before, after))
    return float(((p - q) * np.log(p / q)).sum())


def _counts(
    feature: Feature, reference: Mapping[str, Any], column: pa.Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = column.drop_null()
    if feature.categorical:
        names = list(reference["counts"])
        before = [*reference["counts"].values(), reference["others"]]
        counted = {row["values"]: row["counts"] for row in pc.value_counts(known).to_pylist()}
        after = [counted.pop(name, 0) for name in names]
        after.append(sum(counted.values()))
    else:
        before = list(reference["counts"])
        if pa.types.is_temporal(known.type):
            known = known.cast(pa.int32() if known.type.bit_width == 32 else pa.int64())
        places = np.searchsorted(reference["edges"], known.cast(pa.float64()).to_numpy(), side="left")
        after = np.bincount(places, minlength=len(before)).tolist()
    nulls = (float(reference["nulls"]), float(column.null_count))
    return np.array([*before, nulls[0]], np.float64), np.array([*after, nulls[1]], np.float64)
