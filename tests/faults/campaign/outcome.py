"""What became of one fault: a row of the report."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# What the checker calls an answer or a row that is there twice; FINAL and the view are what a user sees.
RAW = ("duplicate", "duplicate row")
VIEW = ("duplicate row in FINAL", "duplicate in the view")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Fields as out/faults.json has them.

    checks: what the checker found, by name. reason: why it was not shown. seconds, cpu_s: what the fault took, of all
    its processes that have ended.
    """

    fault: str
    title: str
    rows: tuple[int, ...]
    seed: int
    brief: bool
    happened: int = 0
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates_raw: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    recovered_s: float | None = None
    ok: bool = False
    seconds: float = 0.0
    cpu_s: float = 0.0
    failures: tuple[str, ...] = ()
    checks: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    def write(self, path: Path) -> None:
        """Leave it for another process."""
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> "Outcome":
        """What a process left."""
        told = json.loads(path.read_text())
        return cls(**told | {"rows": tuple(told["rows"]), "failures": tuple(told["failures"])})
