"""What is scored: a bundle in the registry, and requests as bytes."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import fastavro
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deploy.demo import flights as example
from headrace import bundle
from headrace.features import FeatureSet
from headrace.predict import Encoder
from headrace.registry import Registry
from headrace.wire.avro_encode import ColumnEncoder
from headrace.wire.framing import fingerprint, single_object
from headrace.wire.request import request_schema

DOUBLES = 20
VERSION = "v1"
TRAINING_ROWS = 5_000
GOLDEN_ROWS = 40
ENTITIES = 5_000
YEAR = datetime(2013, 1, 1, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)
TRAINED_UNTIL = datetime(2013, 2, 1, tzinfo=UTC)

Keyed = tuple[bytes | None, bytes]
Estimator = Literal["logistic", "boosting"]
Form = Literal["avro", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A model, trained, and its requests (key and value)."""

    model: str
    version: str
    features: FeatureSet
    requests: list[Keyed]

    @property
    def schema(self) -> dict[str, Any]:
        """The Avro record of the requests."""
        return request_schema(self.model, self.features)


def doubles(
    registry: Registry, folder: Path, records: int, seed: int = 20, estimator: Estimator = "logistic"
) -> Workload:
    """20 doubles without nulls: what a column costs at least."""
    random = np.random.default_rng(seed)
    names = [f"x{i:02}" for i in range(DOUBLES)]
    fields = [{"name": name, "type": "double"} for name in names]
    features = FeatureSet.parse({"type": "record", "name": "Features", "fields": fields})
    inputs = random.normal(size=(TRAINING_ROWS, DOUBLES))
    truth = inputs[:, 0] + random.normal(size=TRAINING_ROWS) > 0
    encoder = Encoder(names, {})
    columns = {name: pa.array(inputs[:, i]) for i, name in enumerate(names)}
    _put(registry, folder, "doubles", features, _estimator(estimator).fit(inputs, truth), encoder, columns)
    requests = _doubles_requests("doubles", features, random.normal(size=(records, DOUBLES)))
    return Workload(model="doubles", version=VERSION, features=features, requests=requests)


def _put(
    registry: Registry,
    folder: Path,
    model: str,
    features: FeatureSet,
    fitted: Any,
    encoder: Encoder,
    columns: Mapping[str, pa.Array],
) -> None:
    """Write the bundle of a fitted estimator; its golden rows are the first of what it was fitted on."""
    draft = bundle.Draft(
        model=model,
        version=VERSION,
        task="classification",
        positive=True,
        features=features,
        estimator=fitted,
        encoder=encoder,
        golden={name: column[:GOLDEN_ROWS] for name, column in columns.items()},
    )
    bundle.write(folder, draft)
    registry.put_bundle(folder)


def _estimator(kind: Estimator) -> Any:
    if kind == "boosting":
        return HistGradientBoostingClassifier(random_state=0)
    return make_pipeline(StandardScaler(), LogisticRegression())


def _doubles_requests(model: str, features: FeatureSet, values: Any) -> list[Keyed]:
    n = len(values)
    entities = [f"k{i * 7919 % ENTITIES}" for i in range(n)]
    columns = {
        "request_id": pa.array([f"request-{i:08}" for i in range(n)]),
        "event_time": pa.array(int(time.time() * 1000) + np.arange(n), pa.timestamp("ms", tz="UTC")),
        "entity": pa.array(entities),
        "features": pa.StructArray.from_arrays([pa.array(values[:, i]) for i in range(DOUBLES)], list(features.names)),
    }
    schema = request_schema(model, features)
    encoded = ColumnEncoder(schema).encode(columns, n, single_object(fingerprint(schema)))
    return [(entity.encode(), value) for entity, value in zip(entities, encoded, strict=True)]


def flights(registry: Registry, folder: Path, records: int, estimator: Estimator = "logistic") -> Workload:
    """The example: strings, an enum, nullable numbers; the year's departures, and again if more are asked."""
    model = example.folder()
    history = example.departures()
    history = history.filter((pc.field("event_time") < TRAINED_UNTIL) & pc.field("label").is_valid())
    columns = {name: history[name].combine_chunks() for name in model.features.names}
    encoder = Encoder.fit(model.features, columns)
    kind = example.estimator() if estimator == "logistic" else _estimator(estimator)
    fitted = kind.fit(encoder.matrix(columns), history["label"].to_numpy())
    _put(registry, folder, model.name, model.features, fitted, encoder, columns)
    year = [(request.key, request.value) for request in example.replay(*YEAR).until(math.inf)]
    requests = (year * -(-records // len(year)))[:records]
    return Workload(model=model.name, version=VERSION, features=model.features, requests=requests)


def as_json(work: Workload) -> Workload:
    """The same requests as JSON."""
    values = to_json(work.schema, [value for _, value in work.requests])
    requests = [(key, value) for (key, _), value in zip(work.requests, values, strict=True)]
    return replace(work, requests=requests)


def to_json(schema: dict[str, Any], values: Sequence[bytes]) -> list[bytes]:
    """Requests in Avro as JSON, times as ISO-8601 text."""
    parsed: Any = fastavro.parse_schema(json.loads(json.dumps(schema)))
    encode, framing = msgspec.json.Encoder().encode, len(single_object(fingerprint(schema)))
    return [encode(fastavro.schemaless_reader(BytesIO(value[framing:]), parsed, None)) for value in values]
