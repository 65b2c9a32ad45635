"""What can go wrong with the stack on this machine as a whole; its parts have errors of their own.

HeadraceError
├── StackFolderInUse     raised when another `headrace up` or demo runs on the data folder
├── FolderUnusable       raised when the data folder cannot be made or written to
├── PortTaken            raised when a port that a part of the stack needs is in use
├── PartStartFailed      raised when a part of the stack ended, or did not answer, while starting
├── NothingToStart       raised when `headrace up` has nothing to do
└── UnknownModel         raised when --model names neither a model folder nor a model
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
        super().__init__(f"{folder} cannot hold the local stack's data: {reason}; choose another with --data-dir")


class PortTaken(HeadraceError):
    """Raised when a port that a part of the stack needs is in use."""

    def __init__(self, what: str, port: int) -> None:
        super().__init__(
            f"port {port} of 127.0.0.1, meant for {what}, is in use by another process; "
            f"stop that, or choose another with --{what.lower()}-port (0 picks one)"
        )


class PartStartFailed(HeadraceError):
    """Raised when a part of the stack ended, or did not answer, while starting."""

    def __init__(self, what: str, said: str, log: Path) -> None:
        super().__init__(f"{what} did not start: {said or 'it said nothing'} (its log is {log})")


class NothingToStart(HeadraceError):
    """Raised when `headrace up` has nothing to do."""

    def __init__(self) -> None:
        super().__init__(
            "Kafka and ClickHouse are your own, as the settings say, and no worker is asked for: there is nothing to "
            "start; --model NAME runs a model's workers here"
        )


class UnknownModel(HeadraceError):
    """Raised when --model names neither a model folder nor a model."""

    def __init__(self, given: str) -> None:
        super().__init__(f"--model {given}: there is no such folder, and it cannot be a model's name either")
