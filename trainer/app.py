"""One training run, from a model's rows to a registered bundle."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from headrace.bundle import Draft
from headrace.instants import spelt
from headrace.modelfolder import ModelFolder
from headrace.predict import Encoder, Predictor
from trainer.core import evaluation
from trainer.core.card import card
from trainer.core.drift import drift
from trainer.core.evaluation import Judged
from trainer.core.fingerprint import fingerprint
from trainer.core.golden import golden_rows
from trainer.core.query import Query
from trainer.core.reference import reference
from trainer.evaluate import arrays, labels, scores, weights
from trainer.fit import POSITIVE, Fitted, fit
from trainer.foldercode import FolderCode, foldercode
from trainer.ports import Champion, Dataset, Progress, Registered, Registry, Rows
from trainer.report import report
from trainer.revision import code_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is asked of one run. as_of: what ClickHouse held at that moment, however often the run is repeated."""

    folder: ModelFolder
    asked: Query
    as_of: datetime
    champion: Champion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of a run."""

    draft: Draft
    registered: Registered
    seconds: float


def train(run: Run, *, rows: Rows, registry: Registry, progress: Progress) -> Trained:
    """Train, evaluate and register; raises TrainingError when the folder's code or data does not allow it."""
    began = time.monotonic()
    draft = drafted(run, rows=rows, progress=progress)
    progress.step("writing the bundle")
    registered = registry.register(draft)
    return Trained(draft=draft, registered=registered, seconds=time.monotonic() - began)


def drafted(run: Run, *, rows: Rows, progress: Progress) -> Draft:
    """Train and evaluate, without registering."""
    folder = run.folder
    with foldercode(folder) as code:
        progress.step("reading the rows")
        parts = rows.read(folder, run.asked, run.as_of)
        progress.step(f"fitting on {parts.training.num_rows:,} rows")
        encoder = Encoder.fit(folder.features, arrays(parts.training))
        fitted = _fit(folder, code, encoder, parts)
        progress.step(f"evaluating on {parts.evaluation.num_rows:,} rows")
        draft = _draft(run, parts, encoder, fitted)
    _notes(parts, fitted, progress)
    return draft


def _fit(folder: ModelFolder, code: FolderCode, encoder: Encoder, parts: Dataset) -> Fitted:
    return fit(
        code.estimator(),
        encoder.matrix(arrays(parts.training)),
        labels(parts.training),
        weights(parts.training),
        task=folder.task,
        seed=folder.toml.training.seed,
        call=code.call,
    )


def _draft(run: Run, parts: Dataset, encoder: Encoder, fitted: Fitted) -> Draft:
    folder = run.folder
    positive = None if folder.task == "regression" else POSITIVE
    predictor = Predictor(fitted.model, encoder, task=folder.task, positive=positive)
    judged = _judged(run, parts, predictor)
    metrics = evaluation.metrics(judged)
    against = _against(run, judged)
    training = _facts(run, parts, fitted) | {"against": against}
    drawn = judged.scores if len(judged.scores) else scores(predictor, parts.training)
    described = reference(folder.features, parts.training, drawn, task=folder.task)
    told = {
        "training": training,
        "metrics": metrics,
        "against": against,
        "drift": drift(folder.features, run.champion.reference, parts.training) if run.champion else {},
        "slices": evaluation.slices(judged, _sliced(folder, parts)),
    }
    return Draft(
        model=folder.name,
        version="",
        task=folder.task,
        features=folder.features,
        estimator=fitted.model,
        encoder=encoder,
        positive=positive,
        golden=arrays(golden_rows(folder.features, parts.training)),
        reference=described,
        card=card(
            name=folder.name, title=folder.toml.title, label=folder.toml.label, training=training, metrics=metrics
        ),
        report=report(folder, told, judged, described),
        training=training,
        metrics=metrics,
        code_revision=code_revision(folder.path),
    )


def _judged(run: Run, parts: Dataset, predictor: Predictor) -> Judged:
    rows = parts.evaluation
    return Judged(
        task=run.folder.task,
        threshold=run.folder.threshold,
        labels=labels(rows),
        scores=scores(predictor, rows),
        champion=scores(run.champion.predictor, rows) if run.champion else None,
        weights=weights(rows),
    )


def _against(run: Run, judged: Judged) -> dict[str, Any] | None:
    compared = evaluation.comparison(judged)
    if run.champion is None or compared is None:
        return None
    return {"version": run.champion.version, "digest": run.champion.digest, **compared}


def _sliced(folder: ModelFolder, parts: Dataset) -> dict[str, Any]:
    return {name: parts.evaluation[name].combine_chunks() for name in folder.toml.training.slices}


def _facts(run: Run, parts: Dataset, fitted: Fitted) -> dict[str, Any]:
    return {
        "query": run.asked.to_dict() | {"as_of": spelt(run.as_of)},
        "data_fingerprint": fingerprint(parts.training),
        "evaluation_fingerprint": fingerprint(parts.evaluation),
        "seed": run.folder.toml.training.seed,
        "rows": parts.training.num_rows,
        "positives": _positives(run.folder, parts.training),
        "evaluation_rows": parts.evaluation.num_rows,
        "evaluation_positives": _positives(run.folder, parts.evaluation),
        "warnings": list(fitted.warnings),
    }


def _positives(folder: ModelFolder, rows: Any) -> int | None:
    return None if folder.task == "regression" else int(np.count_nonzero(labels(rows)))


def _notes(parts: Dataset, fitted: Fitted, progress: Progress) -> None:
    for warning in fitted.warnings:
        progress.note(f"while fitting: {warning}")
    if parts.evaluation.num_rows == 0:
        progress.note("no labelled row lies between --until and --evaluate-until: the model is not evaluated")
