"""What a training run is given."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headrace.bundle import Draft

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A bundle in the registry."""

    version: str
    digest: str


class Registry(Protocol):
    """Keeps bundles, each once."""

    def register(self, draft: Draft) -> Registered:
        """Write a draft, whose version is still open, as the model's next version."""
        ...


class Progress(Protocol):
    """Tells a person how far training has come."""

    def step(self, what: str) -> None:
        """A step begins."""
        ...

    def note(self, what: str) -> None:
        """Something that the person should know, though training goes on."""
        ...
