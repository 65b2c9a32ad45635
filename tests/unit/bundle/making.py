"""Small bundles for tests, and ways to spoil them."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import skops.io
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from headrace import bundle
from headrace.bundle import Draft, FileEntry, Manifest
from headrace.features import FeatureSet
from headrace.predict import Encoder

FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "name": "Features",
        "fields": [
            {"name": "distance", "type": "double"},
            {"name": "delay", "type": ["null", "long"], "default": None},
            {"name": "night", "type": "boolean"},
            {"name": "carrier", "type": ["null", "string"]},
            {"name": "origin", "type": {"type": "enum", "name": "Origin", "symbols": ["EWR", "JFK", "LGA"]}},
        ],
    }
)


def columns(rows: int, seed: int = 0) -> dict[str, pa.Array]:
    random = np.random.default_rng(seed)
    return {
        "distance": pa.array(random.normal(1000, 300, rows)),
        "delay": pa.array([None if i % 11 == 0 else int(v) for i, v in enumerate(random.integers(-20, 200, rows))]),
        "night": pa.array(random.random(rows) < 0.3),
        "carrier": pa.array([None if i % 13 == 0 else f"C{v}" for i, v in enumerate(random.integers(0, 9, rows))]),
        "origin": pa.array([("EWR", "JFK", "LGA")[v] for v in random.integers(0, 3, rows)]),
    }


def labels(inputs: dict[str, pa.Array]) -> Any:
    return np.asarray([(delay or 0) > 60 for delay in inputs["delay"].to_pylist()])


def linear() -> Any:
    return make_pipeline(SimpleImputer(), LogisticRegression(max_iter=2000))


def trees() -> Any:
    return HistGradientBoostingClassifier(max_iter=5)


def draft(estimator: Any | None = None, *, version: str = "v1", model: str = "flights", **more: Any) -> Draft:
    inputs = columns(400)
    encoder = Encoder.fit(FEATURES, inputs)
    fitted = (estimator if estimator is not None else linear()).fit(encoder.matrix(inputs), labels(inputs))
    return Draft(
        model=model,
        version=version,
        task="classification",
        positive=True,
        features=FEATURES,
        estimator=fitted,
        encoder=encoder,
        golden=columns(40, seed=1),
        metrics={"auc": 0.9},
        **more,
    )


def make(folder: Path, estimator: Any | None = None, **more: Any) -> str:
    return bundle.write(folder, draft(estimator, **more))


def with_file(folder: Path, name: str, content: bytes) -> str:
    """Replace a file and make the manifest fit again: what somebody who may sign could do."""
    (folder / name).write_bytes(content)
    found = Manifest.read(folder)
    entry = FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    return with_manifest(folder, files={**found.files, name: entry})


def with_manifest(folder: Path, **changes: Any) -> str:
    raw = msgspec.structs.replace(Manifest.read(folder), **changes).encode()
    (folder / "manifest.json").write_bytes(raw)
    return bundle.digest_of(raw)


def with_model(folder: Path, estimator: Any) -> str:
    return with_file(folder, "model.skops", skops.io.dumps(estimator))


class Canary(BaseEstimator):
    """Writes a file when it is loaded."""

    def __init__(self, path: str = "") -> None:
        self.path = path

    def __setstate__(self, state: dict[str, Any]) -> None:
        Path(state["path"]).write_text("loaded")
        self.__dict__.update(state)


def slow(folder: Path, steps: int, **more: Any) -> str:
    """A bundle of which everything holds, but each row walks through so many nodes of a tree."""
    made = draft(trees(), **more)
    for tree in (tree for iteration in made.estimator._predictors for tree in iteration):
        nodes = np.repeat(tree.nodes[:1], steps)
        nodes["is_leaf"], nodes["left"] = 0, np.arange(1, steps + 1)
        nodes["right"] = nodes["left"]
        nodes[-1] = tree.nodes[tree.nodes["is_leaf"] == 1][0]
        tree.nodes = nodes
    return bundle.write(folder, made)
