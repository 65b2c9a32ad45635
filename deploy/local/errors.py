"""What can go wrong with the stack on this machine as a whole; its parts have errors of their own.

HeadraceError
├── StackFolderInUse     raised when another `headrace up` or demo runs on the data folder
├── FolderUnusable       raised when the data folder cannot be made or written to
├── FrontStartFailed     raised when the local ClickHouse ended, or did not answer, while starting
└── StackBroken          raised when a part of the running stack ended by itself and cannot be started again
"""

from pathlib import Path

from headrace.errors import HeadraceError


class StackFolderInUse(HeadraceError):
    """Raised when another `headrace up` or demo runs on the data folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        by = f" (process {holder})" if holder else ""
        super().__init__(f"another local stack{by} runs on {folder}; stop it, or choose another folder with --data-dir")


class FolderUnusable(HeadraceError):
    """Raised when the data folder cannot be made or written to."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot hold the local stack's data: {reason}; choose another folder with --data-dir")


class FrontStartFailed(HeadraceError):
    """Raised when the local ClickHouse ended, or did not answer, while starting."""

    def __init__(self, said: str, log: Path) -> None:
        super().__init__(f"the local ClickHouse did not start: {said} (see {log})")


class StackBroken(HeadraceError):
    """Raised when a part of the running stack ended by itself and cannot be started again."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what} ended by itself, so everything was stopped; {log} says why")
