"""What a worker answers with between two swaps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headrace.features import FeatureSet
from headrace.predict import Predictor
from headrace.release import Variant
from headrace.wire.logblock import log_schema
from headrace.wire.request import RequestReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedVariant:
    """One version that answers: its place in the release and its model, verified and warm."""

    variant: Variant
    predictor: Predictor
    features: FeatureSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One release, loaded. A batch takes it once, so no batch mixes releases.

    parameters are the release's, but for those that this worker pins.
    """

    model: str
    release: str
    variants: tuple[ServedVariant, ...]
    parameters: Mapping[str, Any]
    reader: RequestReader
    pinned: Mapping[str, float] = field(default_factory=dict)
    log_schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_schema", log_schema(self.reader.features))

    @property
    def versions(self) -> tuple[str, ...]:
        """The version of each variant."""
        return tuple(served.variant.version for served in self.variants)

    @property
    def flags(self) -> tuple[str, ...]:
        """What every answer says of how it came about: the parameters that are pinned."""
        return tuple(f"pinned:{name}={value!r}" for name, value in self.pinned.items())

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes."""
        value = self.parameters.get("threshold")
        return None if value is None else float(value)


class Slot:
    """Holds what is served now; one reference, exchanged between two batches."""

    def __init__(self) -> None:
        self.current: Serving | None = None

    def swap(self, serving: Serving) -> None:
        """Serve this from the next batch on."""
        self.current = serving
