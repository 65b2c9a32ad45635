"""Writing a bundle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.bundle import golden, libraries, manifest, modelfile
from headrace.bundle.errors import BundleError
from headrace.bundle.golden import Golden
from headrace.bundle.manifest import FileEntry, Manifest
from headrace.features import FeatureSet
from headrace.predict import Encoder, Predictor


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that a trainer hands over; golden: inputs only, scores are computed here; report: file -> bytes."""

    model: str
    version: str
    task: str
    features: FeatureSet
    estimator: Any
    encoder: Encoder
    golden: Mapping[str, pa.Array]
    positive: str | int | float | bool | None = None
    reference: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""
    report: Mapping[str, bytes] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    code_revision: str = ""
    created_at: datetime | None = None


def write(folder: Path, draft: Draft) -> str:
    """Write a bundle into a new or empty folder and return its digest; refuses what no worker would load."""
    if folder.exists() and any(folder.iterdir()):
        raise BundleError(f"{folder} is not empty; a bundle is written once")
    contents = _contents(draft)
    raw = _manifest(draft, contents).encode()
    Manifest.parse(raw)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**contents, manifest.FILE: raw}.items():
        (folder / name).write_bytes(content)
    return digest_of(raw)


def digest_of(raw: bytes) -> str:
    """The digest of a bundle: sha256 of manifest.json's bytes, which hold the digests of all else."""
    return hashlib.sha256(raw).hexdigest()


def _contents(draft: Draft) -> dict[str, bytes]:
    raw = modelfile.dumps(draft.estimator)
    # What is kept is what a worker will hold: the scores are those of the estimator read back from the file.
    restored = Predictor(modelfile.loads(raw), draft.encoder, task=draft.task, positive=draft.positive)
    return {
        manifest.MODEL: raw,
        manifest.FEATURES: json.dumps(draft.features.schema, indent=1).encode(),
        manifest.GOLDEN: _golden(draft, restored).encode(),
        manifest.REFERENCE: json.dumps(draft.reference, indent=1, sort_keys=True, allow_nan=False).encode(),
        manifest.CARD: draft.card.encode(),
        **draft.report,
    }


def _golden(draft: Draft, predictor: Predictor) -> Golden:
    columns = {name: _flat(draft.golden[name]) for name in draft.features.names}
    rows = len(next(iter(columns.values())))
    if not rows:
        raise BundleError("a bundle needs golden vectors: at least one row of inputs")
    vectors = Golden(columns=columns, scores=predictor.scores(columns, rows))
    golden.check(predictor, vectors)
    golden.check_independence(predictor, vectors)
    return vectors


def _flat(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _manifest(draft: Draft, contents: Mapping[str, bytes]) -> Manifest:
    return Manifest(
        model=draft.model,
        version=draft.version,
        task="regression" if draft.task == "regression" else "classification",
        positive=draft.positive,
        schema=dict(draft.features.schema),
        encoder=draft.encoder.to_dict(),
        files={n: FileEntry(sha256=hashlib.sha256(c).hexdigest(), size=len(c)) for n, c in contents.items()},
        libraries=libraries.present(),
        training=dict(draft.training),
        metrics=dict(draft.metrics),
        code_revision=draft.code_revision,
        created_at=(draft.created_at or datetime.now(UTC)).isoformat(),
    )
