"""The parts of a small model folder, a registry in a folder, and a progress that remembers."""

from dataclasses import replace
from pathlib import Path

from headrace import bundle
from trainer.ports import Registered

FIELDS = [
    {"name": "size", "type": "double"},
    {"name": "age", "type": ["null", "int"], "default": None},
    {"name": "colour", "type": "string"},
    {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["left", "right"]}},
]
TRAIN = """
from rows import history
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def estimator(features):
    return make_pipeline(SimpleImputer(), LogisticRegression())
"""
ROWS = """
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa


def history():
    random = np.random.default_rng(5)
    n = 400
    happened = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(n)]
    size = random.normal(size=n)
    return pa.table({
        "request_id": [f"r{i}" for i in range(n)],
        "event_time": happened,
        "label": [bool(v) for v in size + random.normal(size=n) > 0],
        "label_time": [t + timedelta(hours=3) for t in happened],
        "size": size,
        "age": pa.array([None if i % 7 == 0 else i % 30 for i in range(n)], pa.int32()),
        "colour": [("red", "blue")[i % 2] for i in range(n)],
        "side": [("left", "right")[i % 2] for i in range(n)],
    })
"""


class FolderRegistry:
    """Writes real bundles, v1, v2, …, into a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def register(self, draft: bundle.Draft) -> Registered:
        """Write the next version."""
        version = f"v{len(list(self.root.glob('v*'))) + 1}"
        digest = bundle.write(self.root / version, replace(draft, version=version))
        return Registered(version=version, digest=digest)


class Notes:
    """Keeps what a person would have been told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []

    def step(self, what: str) -> None:
        """A step begins."""
        self.steps.append(what)

    def note(self, what: str) -> None:
        """A note."""
        self.notes.append(what)
