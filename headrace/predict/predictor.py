"""Scores of a batch, row by row the same whatever the neighbours."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from threadpoolctl import ThreadpoolController

from headrace.predict.encoder import Encoder, Matrix
from headrace.predict.errors import ModelOutputError, PredictError

Scores = npt.NDArray[np.float64]
# BLAS treats the rows left over by its kernels' block size (4 to 48 rows) in another order of summation, so that a
# linear model gave a row other last bits alone than among others. Whole blocks only: one code path for every row.
# For the same reason BLAS has one thread: several cut a batch into parts of any length.
BLOCK = 64


class Predictor:
    """A fitted estimator with its encoder. Making one leaves BLAS with one thread for the rest of the process."""

    __slots__ = ("_call", "_position", "encoder")

    def __init__(self, estimator: Any, encoder: Encoder, *, task: str, positive: Any = None) -> None:
        ThreadpoolController().select(user_api="blas").limit(limits=1)
        self.encoder = encoder
        self._position: int | None = None
        if task == "classification":
            self._position = _position(estimator, positive)
            self._call = estimator.predict_proba
        else:
            self._call = estimator.predict

    def scores(self, columns: Mapping[str, pa.Array], n: int) -> Scores:
        """One score a row [n]; raises whatever the model raises."""
        return self._scores(self._matrix(columns, n)) if n else np.empty(0)

    def score_rows(self, columns: Mapping[str, pa.Array], n: int) -> tuple[Scores, dict[int, str]]:
        """Scores [n], and a reason for each row that has none (its score is NaN); neighbours are not harmed."""
        failures: dict[int, str] = {}
        out = np.full(n, math.nan)
        if n:
            self._fill(self._matrix(columns, n), 0, out, failures)
        for row in np.flatnonzero(~np.isfinite(out)).tolist():
            failures.setdefault(row, f"model-output: score is {_spelt(out[row])}")
            out[row] = math.nan
        return out, failures

    def _fill(self, matrix: Matrix, start: int, out: Scores, failures: dict[int, str]) -> None:
        try:
            out[start : start + len(matrix)] = self._scores(matrix)
        except Exception as error:  # noqa: BLE001 - whatever a model raises concerns only the rows that make it raise
            if len(matrix) == 1:
                failures[start] = f"model-error: {type(error).__name__}: {error}"[:500]
                return
            half = len(matrix) // 2
            self._fill(matrix[:half], start, out, failures)
            self._fill(matrix[half:], start + half, out, failures)

    def _matrix(self, columns: Mapping[str, pa.Array], n: int) -> Matrix:
        matrix = self.encoder.matrix(columns)
        if len(matrix) != n:
            raise PredictError(f"{n} rows were announced, but the columns hold {len(matrix)}")
        return matrix

    def _scores(self, matrix: Matrix) -> Scores:
        rows = len(matrix)
        whole = _whole_blocks(matrix)
        result = np.asarray(self._call(whole), dtype=np.float64)
        if self._position is not None:
            result = result[:, self._position]
        if result.shape != (len(whole),):
            raise ModelOutputError(f"the model gave an array of {result.shape} for {len(whole)} rows")
        return result[:rows]


def _whole_blocks(matrix: Matrix) -> Matrix:
    """Repeat the first row, which the model has to take anyway, until the last block is full."""
    missing = -len(matrix) % BLOCK
    return np.concatenate([matrix, np.repeat(matrix[:1], missing, axis=0)]) if missing else matrix


def _position(estimator: Any, positive: Any) -> int:
    classes = list(estimator.classes_)
    if positive not in classes:
        raise PredictError(f"the positive class {positive!r} is not among the model's classes {classes}")
    return classes.index(positive)


def _spelt(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"
