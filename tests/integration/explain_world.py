"""A model with a released bundle whose requests are read, scored and logged with the product's own code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from confluent_kafka import Producer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ledger_world import LedgerWorld
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headrace import bundle, topics
from headrace.bundle import Draft
from headrace.kafka.topics import create_topics
from headrace.predict import Encoder
from headrace.registry import Registry
from headrace.release import Release, Variant, release_id, sign, trust
from headrace.wire.logblock import FEATURE_PREFIX, LogHeader, decode_block, encode_block, log_rows, log_schema
from headrace.wire.request import RequestReader, Requests
from streams.sink.columns import PlacedBlock, prediction_columns

US = 1_769_860_800_123_457  # an instant whose last digits a rounding would lose
KINDS = {
    "b": "boolean",
    "i": "int",
    "l": "long",
    "f": "float",
    "d": "double",
    "s": "string",
    "e": {"type": "enum", "name": "E", "symbols": ["ONE", "TWO"]},
    "day": {"type": "int", "logicalType": "date"},
    "at": {"type": "long", "logicalType": "timestamp-millis"},
    "exact": {"type": "long", "logicalType": "timestamp-micros"},
}
FEATURES = {
    "type": "record",
    "name": "Features",
    "fields": [{"name": name, "type": kind} for name, kind in KINDS.items()]
    + [
        {"name": f"{name}_or_null", "type": ["null", kind if isinstance(kind, str) else dict(kind, name="E2")]}
        for name, kind in KINDS.items()
    ],
}
PLAIN = {"b": True, "i": 1, "l": 2, "f": 0.1, "d": 0.2, "s": "x", "e": "TWO", "day": 3, "at": 4, "exact": 5}


def features(**given: Any) -> dict[str, Any]:
    """One request's features; what is not named is plain, and null where it may be."""
    return PLAIN | {f"{name}_or_null": None for name in PLAIN} | given


class NoSchemas:
    """Requests here are JSON."""

    def by_fingerprint(self, mark: bytes) -> Mapping[str, Any] | None:
        return None

    def by_id(self, number: int) -> Mapping[str, Any] | None:
        return None


class ExplainWorld(LedgerWorld):
    """The model, its registry, keys, releases and rows."""

    def __init__(self, kafka: str, clickhouse: tuple[str, int], folder: Path) -> None:
        super().__init__(kafka, clickhouse, FEATURES)
        create_topics(self.kafka, topics.shared_topics(), 1)
        self._await_leaders(topics.RELEASES)
        self.folder, self.key = folder, Ed25519PrivateKey.generate()
        self.registry = Registry.open(str(folder / "registry"))
        trust(folder / "keys" / "trusted", self.key.public_key())
        self.reader = RequestReader(self.model, self.features, NoSchemas())
        self._head: tuple[int, str] = (-1, "")
        self._next = 0

    def read(self, rows: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> Requests:
        """Requests as a scorer reads them."""
        values = [
            json.dumps({"request_id": i, "event_time": 1_769_860_800_123, "entity": "é", "features": row}).encode()
            for i, row in zip(ids, rows, strict=True)
        ]
        requests = self.reader.read(values)
        assert not requests.rejects, requests.rejects
        return requests

    def train(self, version: str, seed: int) -> str:
        """A bundle in the registry; its digest."""
        random = np.random.default_rng(seed)
        rows = [
            features(i=int(n), d=float(d), f=float(f), s="xyz"[n % 3], e=["ONE", "TWO"][n % 2], at=int(n) * 1000)
            for n, d, f in zip(range(80), random.normal(size=80), random.normal(size=80), strict=True)
        ]
        inputs = self.read(rows, [f"t{n}" for n in range(80)]).features
        encoder = Encoder.fit(self.features, inputs)
        matrix = encoder.matrix(inputs)
        imputer = SimpleImputer(keep_empty_features=True)
        estimator = make_pipeline(imputer, StandardScaler(), LogisticRegression())
        estimator.fit(matrix, matrix[:, 4] > 0)
        draft = Draft(
            model=self.model,
            version=version,
            task="classification",
            positive=True,
            features=self.features,
            estimator=estimator,
            encoder=encoder,
            golden={name: column.slice(0, 20) for name, column in inputs.items()},
        )
        place = self.folder / "bundles" / version
        bundle.write(place, draft)
        return self.registry.put_bundle(place)

    def release(self, version: str, digest: str, *, reason: str = "it is better", **more: Any) -> str:
        """Sign and publish a release; its id."""
        number, predecessor = self._head[0] + 1, self._head[1]
        document = Release(
            model=self.model,
            sequence=number,
            predecessor=predecessor,
            action="approve",
            variants=(Variant(name="champion", version=version, digest=digest),),
            parameters={"threshold": 0.5},
            actor="ada",
            reason=reason,
            evidence={"metrics": {"auc": 0.75}},
            issued_at="2026-01-31T11:00:00.000+00:00",
            key_id="",
            **more,
        )
        message = sign(document, self.key)
        producer = Producer(self.kafka.producer())
        producer.produce(topics.RELEASES, key=self.model.encode(), value=message)
        assert producer.flush(20) == 0
        self._head = (number, release_id(message))
        return self._head[1]

    def score(
        self, rows: Sequence[Mapping[str, Any]], ids: Sequence[str], *, version: str, digest: str, release: str
    ) -> Requests:
        """Read, score, log and sink requests; the requests as they were read."""
        requests = self.read(rows, ids)
        cache = self.folder / "scorers-cache"
        loaded = bundle.load(self.registry.fetch_bundle(self.model, version, digest, cache), digest)
        self.log(requests, loaded.predictor.scores(requests.features, len(rows)), version=version, release=release)
        return requests

    def log(self, requests: Requests, scores: Any, *, version: str, release: str) -> None:
        """From scores to rows in ClickHouse, by way of a log block."""
        n, first = requests.n, self._next
        self._next += n
        columns = {
            "request_id": requests.request_id,
            "entity": requests.entity,
            "event_time": requests.event_time,
            "source_offset": pa.array(range(first, first + n), pa.int64()),
            "version": pa.repeat(version, n),
            "variant": pa.repeat("champion", n),
            "score": pa.array(scores),
            "decision": pa.array(scores >= 0.5),
            "scored_at": pa.array([US + row for row in range(n)], pa.timestamp("us", tz="UTC")),
            "inclusion_probability": pa.repeat(1.0, n),
            **{FEATURE_PREFIX + name: column for name, column in requests.features.items()},
        }
        kinds = {name: column.type for name, column in requests.features.items()}
        block = encode_block(self._header(first, n, version, release), log_rows(log_schema(kinds), columns))
        header, table = decode_block(block)
        placed = PlacedBlock(topic=topics.logs(self.model), partition=1, offset=first, header=header, table=table)
        self.clickhouse.insert(f"{self.model}_predictions", prediction_columns([placed]))

    def _header(self, first: int, n: int, version: str, release: str) -> LogHeader:
        return LogHeader(
            model=self.model,
            source_topic=topics.requests(self.model),
            source_partition=1,
            first_offset=first,
            last_offset=first + n - 1,
            previous_last_offset=first - 1,
            received=n,
            answered=n,
            rejected=0,
            unidentified=0,
            logged=n,
            versions={version: n},
            release=release,
            worker="w",
            scored_at=US,
            rejects=(),
        )
