"""HeadraceError
└── BatchError              raised when a batch job cannot be planned, or a part of it not be scored
    ├── UnknownJob          raised when the job store has no such job
    ├── JobDiffers          raised when a job of this name has another content
    ├── JobEnded            raised when a job that ended is asked to go on
    ├── NothingReleased     raised when no version was named and none serves
    ├── InputUnusable       raised when an input does not fit the model, before anything starts
    ├── InputUnreadable     raised when an input is not there, changed since it was planned, or is damaged
    ├── OutputUnusable      raised when an output is not understood, or holds something else under a part's name
    └── WorkersEnded        raised when one worker after the other ended with a part in work
"""

from collections.abc import Sequence

from headrace.errors import HeadraceError


class BatchError(HeadraceError):
    """Raised when a batch job cannot be planned, or a part of it not be scored."""


class UnknownJob(BatchError):
    """Raised when the job store has no such job."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no batch job {job}; `headrace batch list` shows all")


class JobDiffers(BatchError):
    """Raised when a job of this name has another content."""

    def __init__(self, job: str) -> None:
        super().__init__(f"the job {job} exists with another input, output or version; give this one another --job")


class JobEnded(BatchError):
    """Raised when a job that ended is asked to go on."""

    def __init__(self, job: str, state: str) -> None:
        more = "" if state == "done" else "; submit it again under another name (--job NAME)"
        super().__init__(f"the job {job} is {state}{more}")


class NothingReleased(BatchError):
    """Raised when no version was named and none serves."""

    def __init__(self, model: str, what: str) -> None:
        super().__init__(f"{model} has no {what}; name a version with --version, or approve one first")


class InputUnusable(BatchError):
    """Raised when an input does not fit the model, before anything starts; tells every fault at once."""

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        super().__init__(f"{where} cannot be scored: {'; '.join(faults)}")


class InputUnreadable(BatchError):
    """Raised when an input is not there, changed since it was planned, or is damaged."""


class OutputUnusable(BatchError):
    """Raised when an output is not understood, or holds something else under a part's name."""


class WorkersEnded(BatchError):
    """Raised when one worker after the other ended with a part in work."""

    def __init__(self, times: int) -> None:
        super().__init__(
            f"{times} workers ended while they had it in work, for instance for want of memory; nobody takes it again "
            "before it is asked for once more"
        )
