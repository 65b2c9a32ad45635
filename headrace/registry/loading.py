"""From a bundle's name to what scores, wherever bundles come from."""

from pathlib import Path
from typing import Protocol

from headrace.bundle import Bundle, load, tried_once, verify


class BundleSource(Protocol):
    """Where bundles come from: the registry, or the one that is in this image."""

    def fetch_bundle(self, model: str, version: str, digest: str, cache: Path) -> Path:
        """The folder of a bundle whose digests hold."""


def load_bundle(bundles: BundleSource, model: str, version: str, digest: str, cache: Path) -> Bundle:
    """A bundle, fetched, tried in a child process unless it was on this machine, and loaded."""
    folder = bundles.fetch_bundle(model, version, digest, cache)
    tried_once(cache, digest, lambda: verify(folder, digest))
    return load(folder, digest)
