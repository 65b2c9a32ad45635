"""Labels and scores of a candidate and a champion, for tests of evaluation and report."""

from typing import Any

import numpy as np

from trainer.core.evaluation import Judged


def judged(
    *,
    rows: int = 800,
    task: str = "classification",
    champion: bool = False,
    threshold: float | None = 0.4,
    weights: Any = None,
) -> Judged:
    """Scores with ties, that tell something of the labels; the champion's tell less."""
    random = np.random.default_rng(4)
    truth = random.beta(2, 4, rows)
    scores = np.clip(np.round(truth, 2), 0.01, 0.99)
    before = np.clip(truth + random.normal(0, 0.1, rows), 0.01, 0.99)
    labels = truth + random.normal(0, 0.1, rows) if task == "regression" else (random.random(rows) < truth) * 1.0
    return Judged(
        task=task,
        threshold=threshold,
        labels=labels,
        scores=scores,
        champion=before if champion else None,
        weights=np.ones(rows) if weights is None else weights,
    )
