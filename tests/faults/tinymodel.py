"""A small model folder and bundles for it; their scores can be computed by hand from `formula`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from headrace import bundle
from headrace.features import FeatureSet
from headrace.predict import Encoder

SCHEMA = {
    "type": "record",
    "name": "Features",
    "fields": [
        {"name": "amount", "type": "double"},
        {"name": "count", "type": ["null", "long"], "default": None},
        {"name": "night", "type": "boolean"},
        {"name": "colour", "type": "string"},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["left", "right"]}},
    ],
}
FEATURES = FeatureSet.parse(SCHEMA)


def write_folder(folder: Path, model: str, partitions: int) -> Path:
    """What a user would write, but for train.py."""
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(f'name = "{model}"\nlabel = "late"\nentity = "k"\npartitions = {partitions}\n')
    (folder / "features.avsc").write_text(json.dumps(SCHEMA))
    return folder


def draft(model: str, version: str) -> tuple[bundle.Draft, dict[str, Any]]:
    """A bundle to be written, and its formula; versions differ in their weights."""
    inputs = _inputs(300, 0)
    encoder = Encoder.fit(FEATURES, inputs)
    truth = np.random.default_rng(int(version[1:])).random(300) < 0.5
    fitted = make_pipeline(SimpleImputer(), LogisticRegression()).fit(encoder.matrix(inputs), truth)
    formula = {
        "weights": fitted[1].coef_[0].tolist(),
        "intercept": float(fitted[1].intercept_[0]),
        "fill": float(fitted[0].statistics_[1]),
        "colours": list(encoder.vocabularies["colour"]),
    }
    made = bundle.Draft(
        model=model,
        version=version,
        task="classification",
        positive=True,
        features=FEATURES,
        estimator=fitted,
        encoder=encoder,
        golden=_inputs(40, 1),
    )
    return made, formula


def raising_draft(model: str, version: str) -> tuple[bundle.Draft, dict[str, Any]]:
    """A bundle whose model raises on counts that it never saw, and scores others by the formula.

    The count's categories stand beside the inputs, without weight: they refuse one that is not among them.
    """
    made, formula = draft(model, version)
    matrix = made.encoder.matrix(_inputs(300, 0))
    guard = OneHotEncoder(handle_unknown="error", sparse_output=False)
    beside = ColumnTransformer([("inputs", SimpleImputer(), [0, 1, 2, 3, 4]), ("guard", guard, [1])])
    fitted = make_pipeline(beside, LogisticRegression()).fit(matrix, np.arange(300) % 2 == 0)
    weights = np.zeros_like(fitted[1].coef_)
    weights[0, :5] = formula["weights"]
    fitted[1].coef_, fitted[1].intercept_ = weights, np.array([formula["intercept"]])
    return replace(made, estimator=fitted), formula


def _inputs(rows: int, seed: int) -> dict[str, pa.Array]:
    random = np.random.default_rng(seed)
    return {
        "amount": pa.array(random.normal(0, 2, rows)),
        "count": pa.array([None if i % 7 == 0 else i % 10 for i in range(rows)], pa.int64()),
        "night": pa.array(random.random(rows) < 0.3),
        "colour": pa.array([("red", "blue", "green")[v] for v in random.integers(0, 3, rows)]),
        "side": pa.array([("left", "right")[v] for v in random.integers(0, 2, rows)]),
    }
