"""From a piece of an input to its scored and its rejected rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.batch.fitting import Fitting
from headrace.batch.formats.piece import Piece
from headrace.predict import Predictor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A piece's rows: those with a score, in their order, and those without, each with its reason.

    kept and refused are places within the piece; features are by the name of the column that they were made of.
    """

    piece: Piece
    features: Mapping[str, pa.Array]
    kept: NDArray[np.int64]
    scores: NDArray[np.float64]
    decision: NDArray[np.bool_] | None
    reasons: Mapping[int, str]

    @property
    def refused(self) -> NDArray[np.int64]:
        """The rows without a score."""
        return np.array(sorted(self.reasons), np.int64)


class Scoring:
    """Scores pieces as the real-time path scores requests: same checks, same encoder, same predictor."""

    def __init__(self, fitting: Fitting, predictor: Predictor, threshold: float | None) -> None:
        self._fitting, self._predictor, self._threshold = fitting, predictor, threshold

    def score(self, piece: Piece) -> Scored:
        """A row that cannot be scored never harms its neighbours."""
        fitted = self._fitting.fit(piece)
        reasons, rows = dict(fitted.reasons), piece.rows.num_rows
        kept, columns = _without(reasons, rows), fitted.columns
        if len(kept) < rows:
            columns = {name: column.take(pa.array(kept)) for name, column in columns.items()}
        scores, failures = self._predictor.score_rows(columns, len(kept))
        if failures:
            reasons |= {int(kept[row]): reason for row, reason in failures.items()}
            good = np.isfinite(scores)
            kept, scores = kept[good], scores[good]
        decision = None if self._threshold is None else scores >= self._threshold
        return Scored(
            piece=piece,
            features=self._fitting.by_source(fitted),
            kept=kept,
            scores=scores,
            decision=decision,
            reasons=reasons,
        )


def _without(reasons: Mapping[int, str], rows: int) -> NDArray[np.int64]:
    keep = np.ones(rows, np.bool_)
    keep[list(reasons)] = False
    return np.flatnonzero(keep)
