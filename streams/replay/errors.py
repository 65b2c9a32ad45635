"""HeadraceError
└── ReplayError            raised when a replay cannot begin or be written down
    ├── NoSuchPartition    raised when the topic of requests has no such partition
    └── OutputNotWritten   raised when the file for the output exists, or cannot be written
"""

from collections.abc import Iterable
from pathlib import Path

from headrace.errors import HeadraceError


class ReplayError(HeadraceError):
    """Raised when a replay cannot begin or be written down."""


class NoSuchPartition(ReplayError):
    """Raised when the topic of requests has no such partition."""

    def __init__(self, topic: str, asked: Iterable[int], there: Iterable[int]) -> None:
        have = ", ".join(map(str, sorted(there)))
        super().__init__(f"{topic} has no partition {', '.join(map(str, asked))}; it has {have}")


class OutputNotWritten(ReplayError):
    """Raised when the file for the output exists, or cannot be written."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
