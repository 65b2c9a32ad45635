"""Scoring the very input again with the very version."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from headrace.bundle import Bundle, load
from headrace.errors import HeadraceError
from headrace.ledger.restoring import columns
from headrace.registry import Registry
from headrace.release import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """The score that came out now, whether it is the same bit for bit; or why there is none."""

    score: float | None = None
    equal: bool | None = None
    digest: str = ""
    problem: str | None = None


class Rescoring:
    """Scores single rows with released versions; each version is fetched and loaded once."""

    def __init__(self, registry: Registry, cache: Path) -> None:
        self._registry, self._cache = registry, cache
        self._bundles: dict[str, Bundle] = {}

    def again(self, model: str, variant: Variant, values: Mapping[str, Any], score: float) -> Rescored:
        """Score one input again; a version that cannot be had or loaded here is told, not raised."""
        try:
            bundle = self._bundle(model, variant)
            if missing := [name for name in bundle.features.names if name not in values]:
                return Rescored(problem=f"ClickHouse has no column {missing[0]}", digest=variant.digest)
            # As in the scorer: with more threads, sums might be added up in another order.
            with threadpool_limits(1):
                now = float(bundle.predictor.scores(columns(bundle.features, values), 1)[0])
        except HeadraceError as error:
            return Rescored(problem=str(error), digest=variant.digest)
        return Rescored(score=now, equal=_bits(now) == _bits(score), digest=variant.digest)

    def _bundle(self, model: str, variant: Variant) -> Bundle:
        if variant.digest not in self._bundles:
            folder = self._registry.fetch_bundle(model, variant.version, variant.digest, self._cache)
            self._bundles[variant.digest] = load(folder, variant.digest)
        return self._bundles[variant.digest]


def _bits(score: float) -> bytes:
    return struct.pack("<d", score)
