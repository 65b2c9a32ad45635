"""Golden vectors: inputs with the very scores that the model gave them in training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace.bundle.errors import GoldenMismatch, ManifestMalformed, Nondeterministic
from headrace.predict import Predictor

# Rows scored alone and in one large batch, to see that neighbours do not matter.
ALONE = 16
CROWD = 4096 + 37


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Columns of inputs and their scores [rows]."""

    columns: Mapping[str, pa.Array]
    scores: npt.NDArray[np.float64]

    @property
    def rows(self) -> int:
        """How many vectors there are."""
        return len(self.scores)

    def encode(self) -> bytes:
        """The bytes of golden.arrow: an IPC file with a struct of features and a score."""
        features = pa.StructArray.from_arrays(list(self.columns.values()), list(self.columns))
        batch = pa.record_batch({"features": features, "score": pa.array(self.scores)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue())

    @classmethod
    def decode(cls, raw: bytes) -> "Golden":
        """Read golden.arrow; raises ManifestMalformed when it is not one."""
        try:
            with pa.ipc.open_file(raw) as reader:
                batch = reader.read_all().combine_chunks().to_batches()[0]
            batch.validate(full=True)
            features, scores = batch.column("features"), batch.column("score")
            columns = {field.name: features.field(i) for i, field in enumerate(features.type)}
            return cls(columns=columns, scores=scores.to_numpy())
        except (pa.ArrowException, KeyError, IndexError, AttributeError, ValueError) as error:
            raise ManifestMalformed(f"golden.arrow cannot be read: {error}") from None


def check(predictor: Predictor, golden: Golden) -> None:
    """Raise GoldenMismatch unless every vector gives its score bit for bit, and is a number."""
    got, failures = predictor.score_rows(golden.columns, golden.rows)
    if failures:
        row, reason = next(iter(failures.items()))
        raise GoldenMismatch(
            f"{len(failures)} of {golden.rows} golden vectors give no score; the first, row {row}: {reason}"
        )
    wrong = np.flatnonzero(got != golden.scores)
    if len(wrong):
        row = int(wrong[0])
        largest = float(np.max(np.abs(got - golden.scores)))
        raise GoldenMismatch(
            f"{len(wrong)} of {golden.rows} golden vectors give other scores than in training; the first, row {row}: "
            f"{float(got[row])!r} instead of {float(golden.scores[row])!r} (largest difference {largest:.3g}; "
            "differences near 1e-16 come from another kind of processor: train on the kind that serves)"
        )


def check_independence(predictor: Predictor, golden: Golden) -> None:
    """Raise Nondeterministic unless rows score the same alone, in a crowd and in another order."""
    n = golden.rows
    expected = predictor.scores(golden.columns, n)
    for row in range(min(n, ALONE)):
        one = {name: column.slice(row, 1) for name, column in golden.columns.items()}
        _same(predictor.scores(one, 1), expected[row : row + 1], "alone")
    order = np.random.default_rng(0).integers(0, n, CROWD)
    crowd = {name: column.take(pa.array(order)) for name, column in golden.columns.items()}
    _same(predictor.scores(crowd, CROWD), expected[order], f"in a batch of {CROWD}")


def _same(got: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], how: str) -> None:
    if not np.array_equal(got, expected, equal_nan=True):
        raise Nondeterministic(
            f"the model gives a row another score {how} than among others; such a model cannot be explained or "
            "replayed bit for bit: avoid estimators that look at the whole batch, and n_jobs > 1 in random forests"
        )


def repeated(golden: Golden, rows: int) -> dict[str, pa.Array]:
    """As many rows of inputs as asked for, over and over."""
    order = pa.array(np.arange(rows) % golden.rows)
    return {name: column.take(order) for name, column in golden.columns.items()}
