"""Answering once more: with the releases of then, or with another version in their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headrace.errors import HeadraceError
from headrace.release import Link, Variant, short
from streams.engine.errors import NotDelivered
from streams.replay.comparing import Answer, answers
from streams.replay.then import Pinned
from streams.score.core import handle
from streams.score.loading import Loading
from streams.score.serving import Serving

# A partition meets its releases in their order; two of them lie side by side around a swap.
HELD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Another version in place of those that answered, and another threshold than theirs (None: as it was)."""

    version: str | None = None
    digest: str = ""
    threshold: float | None = None

    def instead_of(self, link: Link, pinned: Pinned = ()) -> Link:
        """The release as it would have been, in the hands of a worker that pinned this."""
        release = replace(link.release, parameters=link.release.parameters | dict(pinned))
        if self.version is not None:
            variant = Variant(name="what-if", version=self.version, digest=self.digest)
            release = replace(release, variants=(variant,))
        if self.threshold is not None:
            release = replace(release, parameters={**release.parameters, "threshold": self.threshold})
        return Link(id=link.id, release=release)


class Answering:
    """Answers requests as the scorer does, with what the scorer does it with."""

    def __init__(
        self, loading: Loading, links: Mapping[str, Link], max_bytes: int, what_if: WhatIf | None = None
    ) -> None:
        self._loading, self._links, self._max_bytes = loading, links, max_bytes
        self._what_if = what_if or WhatIf()
        self._servings: dict[tuple[str, Pinned], Serving] = {}
        self._faults: dict[str, str] = {}

    def answer(
        self, release: str, values: Sequence[bytes | None], pinned: Pinned = ()
    ) -> list[tuple[str | None, Answer]] | str:
        """request_id and answer of each request, or why this release cannot answer here."""
        serving = self._serving(release, pinned)
        if isinstance(serving, str):
            return serving
        requests = serving.reader.read(values, self._max_bytes)
        decided = answers(handle(requests, serving, {}), serving)
        return list(zip(requests.request_id.to_pylist(), decided, strict=True))

    def _serving(self, release: str, pinned: Pinned) -> Serving | str:
        if release in self._faults:
            return self._faults[release]
        if (release, pinned) not in self._servings:
            try:
                loaded = self._load(release, pinned)
            except NotDelivered:
                raise
            except (HeadraceError, OSError) as error:
                self._faults[release] = f"release {short(release)} cannot be loaded here: {error}"
                return self._faults[release]
            self._servings = dict(list(self._servings.items())[-(HELD - 1) :]) | {(release, pinned): loaded}
            self._loading.let_go()
        return self._servings[release, pinned]

    def _load(self, release: str, pinned: Pinned) -> Serving:
        link = self._links.get(release)
        if link is None:
            raise HeadraceError("it is not in the chain that the trusted keys of this machine vouch for")
        return self._loading.load(self._what_if.instead_of(link, pinned))
