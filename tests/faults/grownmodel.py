"""The small model with one feature more, which old requests lack and its default stands for."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from headrace import bundle
from headrace.apply.applying import apply
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.features import FeatureSet
from headrace.kafka.clients import KafkaAddress
from headrace.modelfolder import ModelFolder
from headrace.predict import Encoder
from tests.faults.checker import score
from tests.faults.tinymodel import SCHEMA, draft
from tests.faults.world import World

DEFAULT = 1.5
SPEED = {"name": "speed", "type": "double", "default": DEFAULT}
GROWN = {**SCHEMA, "fields": [*SCHEMA["fields"], SPEED]}
FEATURES = FeatureSet.parse(GROWN)


def grow(world: World) -> None:
    """What a user does: a field more in features.avsc, `headrace apply`."""
    (world.model_folder / "features.avsc").write_text(json.dumps(GROWN))
    clickhouse = ClickHouse(ClickHouseAddress(host=world.clickhouse[0], port=world.clickhouse[1]))
    try:
        folder, kafka = ModelFolder.read(world.model_folder), KafkaAddress(bootstrap=world.kafka)
        apply(folder, kafka=kafka, replication=1, clickhouse=clickhouse, schemas=world.registry)
    finally:
        clickhouse.close()


def grown_draft(model: str, version: str) -> tuple[bundle.Draft, dict[str, Any]]:
    """A bundle to be written, and its formula."""
    inputs = _inputs(model, 300)
    encoder = Encoder.fit(FEATURES, inputs)
    truth = np.random.default_rng(7).random(300) < 0.5
    fitted = make_pipeline(SimpleImputer(), LogisticRegression()).fit(encoder.matrix(inputs), truth)
    *weights, speed = fitted[1].coef_[0].tolist()
    formula = {
        "weights": weights,
        "speed": speed,
        "bare": float(fitted[1].intercept_[0]),
        # For a request of before, which the checker knows: the default takes part in every score.
        "intercept": float(fitted[1].intercept_[0]) + speed * DEFAULT,
        "fill": float(fitted[0].statistics_[1]),
        "colours": list(encoder.vocabularies["colour"]),
    }
    golden = _inputs(model, 40)
    made = bundle.Draft(
        model=model,
        version=version,
        task="classification",
        positive=True,
        features=FEATURES,
        estimator=fitted,
        encoder=encoder,
        golden=golden,
    )
    return made, formula


def grown_score(formula: Mapping[str, Any], features: Mapping[str, Any]) -> float:
    """By hand, of a request with all features."""
    rest = {name: value for name, value in features.items() if name != "speed"}
    return score({**formula, "intercept": formula["bare"] + formula["speed"] * features["speed"]}, rest)


def _inputs(model: str, rows: int) -> dict[str, pa.Array]:
    golden = draft(model, "v1")[0].golden
    few = {name: pa.concat_arrays([column] * (rows // len(column) + 1))[:rows] for name, column in golden.items()}
    return few | {"speed": pa.array(np.random.default_rng(rows).normal(0, 2, rows))}
