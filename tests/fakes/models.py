"""A model whose scores a test can say beforehand, and releases that serve it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from headrace.features import FeatureSet
from headrace.predict import Encoder, Predictor
from headrace.release import Variant
from headrace.wire.request import RequestReader
from streams.score.serving import ServedVariant, Serving

MODEL = "toy"
RELEASE = "ab" * 32
# The model raises on this amount, and gives NaN for that one.
RAISES, UNSURE = 13.0, 14.0
FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "name": "Features",
        "fields": [{"name": "amount", "type": "double"}, {"name": "colour", "type": ["null", "string"]}],
    }
)


class Rising:
    """The score is the amount divided by `by`."""

    classes_ = (False, True)

    def __init__(self, by: float = 100.0) -> None:
        self.by = by
        self.seen: set[float] = set()

    def predict(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        amounts = matrix[:, 0]
        self.seen |= set(amounts.tolist())
        if (amounts == RAISES).any():
            raise ArithmeticError("thirteen")
        return np.where(amounts == UNSURE, np.nan, amounts / self.by)

    def predict_proba(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        score = self.predict(matrix)
        return np.column_stack([1 - score, score])


class NoSchemas:
    """Knows no schema but the model's own."""

    def by_fingerprint(self, mark: bytes) -> Mapping[str, Any] | None:
        return None

    def by_id(self, number: int) -> Mapping[str, Any] | None:
        return None


def serving(
    *estimators: Rising, shares: Sequence[int] = (10_000,), task: str = "classification", **parameters: Any
) -> Serving:
    """A release of these estimators as v1, v2, …; the last is the champion."""
    names = [f"challenger{i}" for i in range(len(shares) - 1)] + ["champion"]
    served = tuple(
        ServedVariant(
            variant=Variant(name=name, version=f"v{i + 1}", digest="0" * 64, share=share),
            predictor=Predictor(estimator, Encoder(FEATURES.names, {"colour": ["red"]}), task=task, positive=True),
            features=FEATURES,
        )
        for i, (name, share, estimator) in enumerate(zip(names, shares, estimators or (Rising(),), strict=True))
    )
    return Serving(
        model=MODEL,
        release=RELEASE,
        variants=served,
        parameters=parameters if task == "regression" else {"threshold": 0.5, **parameters},
        reader=RequestReader(MODEL, FEATURES, NoSchemas()),
    )
