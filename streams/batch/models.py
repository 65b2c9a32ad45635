"""The bundles that jobs name, loaded once each."""

from pathlib import Path

from threadpoolctl import threadpool_limits

from headrace.batch.job import Plan
from headrace.bundle import Bundle
from headrace.registry import Registry, load_bundle

HELD = 2


class Models:
    """Fetches, verifies and loads as the scorer does; the last few stay."""

    def __init__(self, registry: Registry, cache: Path) -> None:
        self._registry, self._cache = registry, cache
        self._held: dict[str, Bundle] = {}

    def of(self, plan: Plan) -> Bundle:
        """The bundle that a plan pins; raises a HeadraceError that says why it cannot score here."""
        if plan.digest not in self._held:
            bundle = load_bundle(self._registry, plan.model, plan.version, plan.digest, self._cache)
            # Only what is loaded by now can be told; with more threads, sums might be added up in another order.
            threadpool_limits(1)
            self._held = dict(list(self._held.items())[-(HELD - 1) :]) | {plan.digest: bundle}
        return self._held[plan.digest]
