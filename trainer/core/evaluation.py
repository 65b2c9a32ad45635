"""How a candidate did on the rows that followed, alone, beside the champion, and slice by slice; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.quality import measures
from headrace.quality.measures import Floats, Measures

MOST_VALUES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Labels, the candidate's scores, the champion's on the same rows (None without one), and the rows' weights."""

    task: str
    threshold: float | None
    labels: Floats
    scores: Floats
    champion: Floats | None
    weights: Floats

    @property
    def cut(self) -> float:
        """The score from which the decision is yes."""
        return 0.5 if self.threshold is None else self.threshold

    def of(self, rows: NDArray[np.int64]) -> "Judged":
        """Some of the rows."""
        champion = None if self.champion is None else self.champion[rows]
        return Judged(
            task=self.task,
            threshold=self.threshold,
            labels=self.labels[rows],
            scores=self.scores[rows],
            champion=champion,
            weights=self.weights[rows],
        )


def metrics(judged: Judged) -> dict[str, Any]:
    """The candidate's measures as plain numbers, None where the rows cannot tell; their 95 % intervals by name."""
    found = _measured(judged, judged.scores)
    told: dict[str, Any] = {"rows": len(judged.labels)}
    if judged.task != "regression":
        told |= {"positives": int(judged.labels.sum()), "threshold": judged.cut}
    told |= {name: measure.value if measure else None for name, measure in found.items()}
    return told | {"intervals": {name: [m.low, m.high] for name, m in found.items() if m}}


def comparison(judged: Judged) -> dict[str, Any] | None:
    """The champion's measures and how much the candidate's differ, paired; None without a champion or rows."""
    if judged.champion is None or not len(judged.labels):
        return None
    before = _measured(judged, judged.champion)
    change = measures.compared(
        judged.task, judged.labels, judged.champion, judged.scores, judged.weights, judged.threshold
    )
    return {
        "champion": {name: measure.value if measure else None for name, measure in before.items()},
        "difference": {name: measure.to_list() if measure else None for name, measure in change.items()},
    }


def slices(judged: Judged, columns: Mapping[str, pa.Array]) -> list[dict[str, Any]]:
    """Both of the above for each value of the columns; the most frequent values of each, all others together."""
    found = []
    for name, column in columns.items():
        for value, rows in _groups(column):
            part = judged.of(rows)
            found.append({"slice": name, "value": value, "metrics": metrics(part), "against": comparison(part)})
    return found


def _measured(judged: Judged, scores: Floats) -> Measures:
    if judged.task == "regression":
        return measures.regression(judged.labels, scores, judged.weights)
    said = (scores >= judged.cut).astype(np.float64)
    return measures.classification(judged.labels, scores, said, judged.weights)


def _groups(column: pa.Array) -> Sequence[tuple[str | None, NDArray[np.int64]]]:
    texts = column.cast(pa.string())
    counted = pc.value_counts(texts)
    order = sorted(counted.to_pylist(), key=lambda one: (-one["counts"], str(one["values"])))
    kept = [one["values"] for one in order[:MOST_VALUES]]
    groups = [(value, _rows(texts, [value])) for value in kept]
    rest = [one["values"] for one in order[MOST_VALUES:]]
    return [*groups, ("(others)", _rows(texts, rest))] if rest else groups


def _rows(texts: pa.Array, values: Sequence[str | None]) -> NDArray[np.int64]:
    mask = pc.is_in(texts, value_set=pa.array(values, pa.string()))
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))
