"""From a release to what serves it: fetched, verified in a child process, loaded, warm."""

from collections.abc import Mapping
from pathlib import Path

from headrace.bundle import Bundle
from headrace.features import FeatureSet
from headrace.registry import BundleSource, load_bundle
from headrace.release import Link, Variant
from headrace.wire.request import RequestReader, SchemaSource
from streams.score.parting import giving_way, let_go
from streams.score.serving import ServedVariant, Serving

WARM_CALLS = 3


class Loading:
    """Makes releases ready to serve.

    A bundle that was tried on this machine is not tried again, so that a worker that was killed serves again at once:
    its digests, library versions and types are checked at every load.
    """

    def __init__(
        self, bundles: BundleSource, cache: Path, schemas: SchemaSource, pinned: Mapping[str, float] | None = None
    ) -> None:
        self._bundles, self._cache, self._schemas = bundles, cache, schemas
        self._pinned = pinned or {}
        self._loaded: dict[str, Bundle] = {}
        self._retired: list[Bundle] = []

    def load(self, link: Link) -> Serving:
        """The release, ready; raises a HeadraceError that says why it cannot serve."""
        with giving_way():
            return self._load(link)

    def let_go(self) -> None:
        """Free what was loaded for earlier releases; to be called when no batch uses it any more."""
        with giving_way():
            let_go(self._retired)

    def _load(self, link: Link) -> Serving:
        release = link.release
        served = tuple(self._variant(release.model, variant) for variant in release.serving)
        keep = {variant.digest for variant in release.variants}
        self._retired += [bundle for digest, bundle in self._loaded.items() if digest not in keep]
        self._loaded = {digest: bundle for digest, bundle in self._loaded.items() if digest in keep}
        return Serving(
            model=release.model,
            release=link.id,
            variants=served,
            parameters={**release.parameters, **self._pinned},
            pinned=self._pinned,
            reader=RequestReader(release.model, _union([one.features for one in served]), self._schemas),
        )

    def _variant(self, model: str, variant: Variant) -> ServedVariant:
        bundle = self._loaded.get(variant.digest) or self._bundle(model, variant)
        self._loaded[variant.digest] = bundle
        return ServedVariant(variant=variant, predictor=bundle.predictor, features=bundle.features)

    def _bundle(self, model: str, variant: Variant) -> Bundle:
        bundle = load_bundle(self._bundles, model, variant.version, variant.digest, self._cache)
        _warm(bundle)
        return bundle


def _warm(bundle: Bundle) -> None:
    """First calls pay for imports and allocations; a request must not."""
    for _ in range(WARM_CALLS):
        bundle.predictor.scores(bundle.golden.columns, bundle.golden.rows)


def _union(sets: list[FeatureSet]) -> FeatureSet:
    """All features that any variant reads, the champion's (the last) taking precedence."""
    champion = sets[-1]
    fields = {field["name"]: field for one in sets for field in one.schema["fields"]}
    if set(fields) == set(champion.names):
        return champion
    order = [*champion.names, *(name for name in fields if name not in champion.names)]
    return FeatureSet.parse({**champion.schema, "fields": [fields[name] for name in order]})
