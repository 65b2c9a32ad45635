"""One training run, from a model folder to a registered bundle."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.bundle import Draft
from headrace.modelfolder import ModelFolder
from headrace.predict import Encoder, Predictor
from trainer.core.card import card
from trainer.core.fingerprint import fingerprint
from trainer.core.golden import golden_rows
from trainer.core.query import Query
from trainer.core.reference import reference
from trainer.core.split import Split, split
from trainer.evaluate import arrays, evaluate, labels, scores
from trainer.fit import POSITIVE, Fitted, fit
from trainer.foldercode import FolderCode, foldercode
from trainer.history import checked
from trainer.ports import Progress, Registered, Registry
from trainer.revision import code_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of a run."""

    draft: Draft
    registered: Registered
    seconds: float


def train(folder: ModelFolder, asked: Query, *, registry: Registry, progress: Progress) -> Trained:
    """Train, evaluate and register; raises TrainingError when the folder's code or data does not allow it."""
    began = time.monotonic()
    with foldercode(folder) as code:
        progress.step("reading the history")
        parts = split(checked(code.history(), folder), asked)
        progress.step(f"fitting on {parts.training.num_rows:,} rows")
        encoder = Encoder.fit(folder.features, arrays(parts.training))
        fitted = _fit(folder, code, encoder, parts.training)
        progress.step(f"evaluating on {parts.evaluation.num_rows:,} rows")
        draft = _draft(folder, asked, parts, encoder, fitted)
        _notes(parts, fitted, progress)
        progress.step("writing the bundle")
        registered = registry.register(draft)
    return Trained(draft=draft, registered=registered, seconds=time.monotonic() - began)


def _fit(folder: ModelFolder, code: FolderCode, encoder: Encoder, rows: pa.Table) -> Fitted:
    return fit(
        code.estimator(),
        encoder.matrix(arrays(rows)),
        labels(rows),
        task=folder.task,
        seed=folder.toml.training.seed,
        call=code.call,
    )


def _draft(folder: ModelFolder, asked: Query, parts: Split, encoder: Encoder, fitted: Fitted) -> Draft:
    positive = None if folder.task == "regression" else POSITIVE
    predictor = Predictor(fitted.model, encoder, task=folder.task, positive=positive)
    judged = parts.evaluation if parts.evaluation.num_rows else parts.training
    metrics = evaluate(predictor, parts.evaluation, task=folder.task, threshold=folder.threshold)
    training = _facts(folder, asked, parts, fitted)
    return Draft(
        model=folder.name,
        version="",
        task=folder.task,
        features=folder.features,
        estimator=fitted.model,
        encoder=encoder,
        positive=positive,
        golden=arrays(golden_rows(folder.features, parts.training)),
        reference=reference(folder.features, parts.training, scores(predictor, judged), task=folder.task),
        card=card(
            name=folder.name, title=folder.toml.title, label=folder.toml.label, training=training, metrics=metrics
        ),
        training=training,
        metrics=metrics,
        code_revision=code_revision(folder.path),
    )


def _facts(folder: ModelFolder, asked: Query, parts: Split, fitted: Fitted) -> dict[str, Any]:
    return {
        "query": asked.to_dict(),
        "data_fingerprint": fingerprint(parts.training),
        "seed": folder.toml.training.seed,
        "rows": parts.training.num_rows,
        "positives": _positives(folder, parts.training),
        "evaluation_rows": parts.evaluation.num_rows,
        "evaluation_positives": _positives(folder, parts.evaluation),
        "warnings": list(fitted.warnings),
    }


def _positives(folder: ModelFolder, rows: pa.Table) -> int | None:
    return None if folder.task == "regression" else int(np.count_nonzero(labels(rows)))


def _notes(parts: Split, fitted: Fitted, progress: Progress) -> None:
    for warning in fitted.warnings:
        progress.note(f"while fitting: {warning}")
    if parts.evaluation.num_rows == 0:
        progress.note("no labelled row lies between --until and --evaluate-until: the model is not evaluated")
