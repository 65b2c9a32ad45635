"""HeadraceError
├── BreakingChange    raised when a change of a model folder would break those who read its data
└── FolderExists      raised when `headrace init` would write over something
"""

from collections.abc import Sequence
from pathlib import Path

from headrace.errors import HeadraceError


class BreakingChange(HeadraceError):
    """Raised when a change would break readers; names each."""

    def __init__(self, model: str, faults: Sequence[str]) -> None:
        super().__init__(f"nothing was changed for {model}, because readers would break: " + "; ".join(faults))


class FolderExists(HeadraceError):
    """Raised when a folder is there already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already; choose another name or remove it")
