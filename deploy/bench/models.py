"""Models to be measured with: any number of doubles, versions that differ, and forests of a given size."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headrace.bundle import Draft
from headrace.features import FeatureSet
from headrace.predict import Encoder
from headrace.wire.avro_encode import ColumnEncoder
from headrace.wire.framing import fingerprint, single_object
from headrace.wire.request import request_schema

TRAINING_ROWS = 4_000
GOLDEN_ROWS = 40
TREES = 100
# What one node of a tree takes in model.skops: 64 bytes of its own and two numbers for its classes.
NODE_BYTES = 80


def numbers(columns: int) -> FeatureSet:
    """So many doubles, none of them optional."""
    fields = [{"name": f"x{i:03}", "type": "double"} for i in range(columns)]
    return FeatureSet.parse({"type": "record", "name": "Features", "fields": fields})


def linear(model: str, number: int, features: FeatureSet) -> Draft:
    """Logistic regression as version `number`; each has weights of its own."""
    inputs, truth = _history(features, TRAINING_ROWS, number)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, truth)
    return _draft(model, number, features, fitted, inputs)


def boosting(model: str, number: int, features: FeatureSet) -> Draft:
    """Gradient boosting as version `number`."""
    inputs, truth = _history(features, TRAINING_ROWS, number)
    return _draft(
        model, number, features, HistGradientBoostingClassifier(random_state=number).fit(inputs, truth), inputs
    )


def forest(model: str, number: int, features: FeatureSet, megabytes: int) -> Draft:
    """A forest whose bundle has about so many megabytes; fully grown on labels that are half noise."""
    # A tree that is grown until its leaves are pure has about 0.82 nodes a row of such labels.
    rows = max(200, int(megabytes * 1e6 / NODE_BYTES / TREES / 0.82))
    inputs, truth = _history(features, rows, number)
    fitted = ExtraTreesClassifier(TREES, random_state=number, max_features=4, n_jobs=1).fit(inputs, truth)
    return _draft(model, number, features, fitted, inputs)


def requests(model: str, features: FeatureSet, count: int, seed: int = 20) -> tuple[list[bytes], NDArray[np.float64]]:
    """So many requests in Avro, and the rows of features in them."""
    rows = np.random.default_rng(seed).normal(size=(count, len(features.names)))
    names = list(features.names)
    columns = {
        "request_id": pa.array([f"request-{i:08}" for i in range(count)]),
        "event_time": pa.array(int(time.time() * 1000) + np.arange(count), pa.timestamp("ms", tz="UTC")),
        "entity": pa.array([f"k{i % 5000}" for i in range(count)]),
        "features": pa.StructArray.from_arrays([pa.array(rows[:, i]) for i in range(len(names))], names),
    }
    schema = request_schema(model, features)
    return list(ColumnEncoder(schema).encode(columns, count, single_object(fingerprint(schema)))), rows


def columns_of(features: FeatureSet, rows: NDArray[np.float64]) -> dict[str, pa.Array]:
    """Rows of features as a model takes them."""
    return {name: pa.array(rows[:, i]) for i, name in enumerate(features.names)}


def _history(features: FeatureSet, rows: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(rows, len(features.names)))
    return inputs, inputs @ random.normal(size=inputs.shape[1]) + 3 * random.normal(size=rows) > 0


def _draft(model: str, number: int, features: FeatureSet, fitted: Any, inputs: NDArray[np.float64]) -> Draft:
    names: Sequence[str] = features.names
    return Draft(
        model=model,
        version=f"v{number}",
        task="classification",
        positive=True,
        features=features,
        estimator=fitted,
        encoder=Encoder(names, {}),
        golden=columns_of(features, inputs[:GOLDEN_ROWS]),
    )
