"""The model and the records, as somebody without Headrace would use them: the estimator, fastavro, a row a request."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import fastavro.schema

from deploy.bench.rivals.task import Task
from headrace.bundle import Manifest, modelfile

FRAMING = 10

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """An estimator and the codes of its categories."""

    predict_proba: Callable[[Any], Any]
    positive: int
    names: tuple[str, ...]
    codes: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, task: Task) -> "Model":
        """From the bundle's files."""
        folder = Path(task.bundle)
        manifest = Manifest.read(folder)
        estimator = modelfile.loads((folder / "model.skops").read_bytes())
        encoder = manifest.encoder
        codes = {n: {v: float(i) for i, v in enumerate(values)} for n, values in encoder["vocabularies"].items()}
        positive = list(estimator.classes_).index(manifest.positive)
        return cls(estimator.predict_proba, positive, tuple(encoder["names"]), codes)

    def row(self, features: Record) -> list[float]:
        """The numbers that the estimator sees."""
        if not self.codes:
            return [features[name] for name in self.names]
        return [self._number(name, features[name]) for name in self.names]

    def _number(self, name: str, value: Any) -> float:
        if name in self.codes:
            return self.codes[name].get(value, -1.0)
        return math.nan if value is None else value


class Wire:
    """Requests in, answers out, by fastavro."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._request = _parsed(task.request_schema)
        answer = json.loads(Path(task.answer_schema).read_text(encoding="utf-8"))
        canonical = fastavro.schema.to_parsing_canonical_form(answer)
        self._prefix = b"\xc3\x01" + bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))
        self._answer = _parsed(task.answer_schema)

    def request(self, value: bytes) -> Record:
        """One request."""
        return fastavro.schemaless_reader(BytesIO(value[FRAMING:]), self._request, None)  # type: ignore[return-value]

    def answer(self, request: Record, score: float, partition: Any, offset: Any, now_us: int) -> bytes:
        """One answer."""
        out = BytesIO()
        out.write(self._prefix)
        record = {
            "request_id": request["request_id"],
            "status": "ok",
            "reason": None,
            "model": self._task.model,
            "version": self._task.version,
            "variant": "champion",
            "release": "0" * 64,
            "scores": [score],
            "decision": score >= 0.5,
            "flags": [],
            "source_partition": partition,
            "source_offset": offset,
            "event_time": request["event_time"],
            "scored_at": now_us,
        }
        fastavro.schemaless_writer(out, self._answer, record)
        return out.getvalue()


def _parsed(path: str) -> Any:
    return fastavro.parse_schema(json.loads(Path(path).read_text(encoding="utf-8")))
