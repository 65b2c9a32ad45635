"""What a training run is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.bundle import Draft
from headrace.modelfolder import ModelFolder
from headrace.predict import Predictor
from trainer.core.query import Query

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Labelled rows in the order of event_time and request_id.

    Columns: request_id, entity, event_time, label, label_time, weight (1 / inclusion probability), version (who
    answered; empty for history), and the features in the types that serving decodes to.
    """

    training: pa.Table
    evaluation: pa.Table


class Rows(Protocol):
    """Where labelled rows are."""

    def read(self, folder: ModelFolder, asked: Query, as_of: datetime) -> Dataset:
        """Training rows as they were known at `until`; evaluation rows with the labels known at as_of."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The version that serves now, to be compared with; reference describes what it was trained on."""

    version: str
    digest: str
    predictor: Predictor
    reference: Mapping[str, Any]


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
