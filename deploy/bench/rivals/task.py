"""What a rival is asked to do."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Topics, model and sizes; answer_bytes and log_bytes_a_row are what Headrace wrote."""

    bootstrap: str
    group: str
    model: str
    version: str
    requests: str
    answers: str
    logs: str
    log_partitions: int
    format: str
    batch_rows: int
    bundle: str
    request_schema: str
    answer_schema: str
    answer_bytes: int
    log_bytes_a_row: float

    @classmethod
    def read(cls, argv: list[str]) -> "Task":
        """From the file that the command line names."""
        return cls(**json.loads(Path(argv[1]).read_text(encoding="utf-8")))
