"""What the load generator is asked to do, and when it is to send what."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# A thread cannot be woken more often without the waking being the load: beyond it, several requests fall due at once.
MOST_WAKINGS_A_SECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """requests and answers are topics; values is an Arrow file of request values, sent over and over.

    An answer belongs to the request whose key it carries. keep: note the bytes of the answers too. early: end before
    the time is up when the file `stop` is there.
    """

    bootstrap: str
    requests: str
    answers: str
    partitions: int
    values: str
    rate: int
    warm_s: float
    seconds: float
    out: str
    keep: bool = False
    early: bool = False

    @property
    def stop(self) -> Path:
        """The file that ends it before its time."""
        return Path(self.out).with_suffix(".stop")

    @property
    def count(self) -> int:
        """How many requests are sent at most."""
        return self.warm + round(self.rate * self.seconds)

    @property
    def warm(self) -> int:
        """How many of them come before what is measured."""
        return round(self.rate * self.warm_s)

    @property
    def group(self) -> int:
        """How many fall due at once."""
        return max(1, round(self.rate / MOST_WAKINGS_A_SECOND))

    def due(self) -> NDArray[np.float64]:
        """Seconds from the start at which each request is to be sent."""
        return (np.arange(self.count) // self.group).astype(np.float64) * (self.group / self.rate)

    def write(self, path: Path) -> None:
        """For the command line."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Task":
        """The inverse."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
