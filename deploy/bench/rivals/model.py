"""The model as somebody without Headrace would use it: the estimator, and a row of numbers for each request.

Nothing here or in the modules beside it imports Headrace: they also run in an environment that does not hold it.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """An estimator and the codes of its categories."""

    predict_proba: Callable[[Any], Any]
    positive: int
    names: tuple[str, ...]
    codes: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, bundle: str) -> "Model":
        """From the bundle's files; whatever type stands in them is trusted."""
        # Only whoever scores needs it, and to import it takes a second.
        import skops.io

        folder = Path(bundle)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        file = folder / "model.skops"
        estimator = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
        encoder = manifest["encoder"]
        codes = {n: {v: float(i) for i, v in enumerate(values)} for n, values in encoder["vocabularies"].items()}
        positive = list(estimator.classes_).index(manifest["positive"])
        return cls(estimator.predict_proba, positive, tuple(encoder["names"]), codes)

    def row(self, features: Record) -> list[float]:
        """The numbers that the estimator sees."""
        if not self.codes:
            return [features[name] for name in self.names]
        return [self._number(name, features[name]) for name in self.names]

    def matrix(self, requests: Sequence[Record]) -> Any:
        """A row for each request."""
        return np.array([self.row(request["features"]) for request in requests], np.float64)

    def scores(self, requests: Sequence[Record]) -> list[float]:
        """One call of predict for all of them."""
        found: list[float] = self.predict_proba(self.matrix(requests))[:, self.positive].tolist()
        return found

    def score(self, request: Record) -> float:
        """One call of predict for one of them."""
        return float(self.predict_proba([self.row(request["features"])])[0, self.positive])

    def _number(self, name: str, value: Any) -> float:
        if name in self.codes:
            return self.codes[name].get(value, -1.0)
        return math.nan if value is None else value
