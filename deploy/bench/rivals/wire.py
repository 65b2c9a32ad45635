"""Requests in, answers out: Avro by fastavro, JSON by msgspec, one at a time."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import fastavro
import fastavro.schema
import msgspec

from deploy.bench.rivals.model import Record
from deploy.bench.rivals.task import Task

FRAMING = 10


class Wire(Protocol):
    """One format."""

    def request(self, value: bytes) -> Record:
        """One request; its event_time is a datetime."""

    def answer(self, request: Record, score: float, partition: Any, offset: Any, now_us: int) -> bytes:
        """One answer."""


def wire_of(task: Task) -> Wire:
    """The format in which the requests are."""
    return JsonWire(task) if task.format == "json" else AvroWire(task)


class AvroWire:
    """Avro single-object encoding."""

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
        record = _record(self._task, request, score, partition, offset)
        fastavro.schemaless_writer(out, self._answer, record | {"scored_at": now_us})
        return out.getvalue()


class JsonWire:
    """JSON, times as ISO-8601 text."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder().decode

    def request(self, value: bytes) -> Record:
        """One request."""
        found: Record = self._decode(value)
        found["event_time"] = datetime.fromisoformat(found["event_time"])
        return found

    def answer(self, request: Record, score: float, partition: Any, offset: Any, now_us: int) -> bytes:
        """One answer."""
        record = _record(self._task, request, score, partition, offset)
        return self._encode(record | {"scored_at": datetime.fromtimestamp(now_us / 1e6, UTC)})


def _record(task: Task, request: Record, score: float, partition: Any, offset: Any) -> Record:
    return {
        "request_id": request["request_id"],
        "status": "ok",
        "reason": None,
        "model": task.model,
        "version": task.version,
        "variant": "champion",
        "release": "0" * 64,
        "scores": [score],
        "decision": score >= 0.5,
        "flags": [],
        "source_partition": partition,
        "source_offset": offset,
        "event_time": request["event_time"],
    }


def _parsed(path: str) -> Any:
    return fastavro.parse_schema(json.loads(Path(path).read_text(encoding="utf-8")))
