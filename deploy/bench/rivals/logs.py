"""A log of predictions as one would write it by hand: an Avro array of records, written and read by fastavro."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from deploy.bench.rivals.model import Record
from deploy.bench.rivals.task import Task

MADE = [("source_offset", "long"), ("score", "double"), ("decision", "boolean"), ("scored_at", "long")]


class Logs:
    """Blocks of requests with what was made of them."""

    def __init__(self, task: Task) -> None:
        request = json.loads(Path(task.request_schema).read_text(encoding="utf-8"))
        fields = [*request["fields"], *({"name": name, "type": kind} for name, kind in MADE)]
        record = {"type": "record", "name": "Logged", "fields": fields}
        self._schema: Any = fastavro.parse_schema({"type": "array", "items": record})

    def write(self, records: Sequence[Record]) -> bytes:
        """One block."""
        out = BytesIO()
        fastavro.schemaless_writer(out, self._schema, records)
        return out.getvalue()

    def read(self, block: bytes) -> list[Record]:
        """Its records."""
        found: Any = fastavro.schemaless_reader(BytesIO(block), self._schema, None)
        return list(found)
