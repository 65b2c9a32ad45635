"""Putting a bundle into Headrace's registry."""

import tempfile
from dataclasses import replace
from pathlib import Path

from headrace import bundle
from headrace.registry import Registry as Store
from trainer.ports import Registered, Registry


class BundleRegistry(Registry):
    """The registry at a folder or an address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def register(self, draft: bundle.Draft) -> Registered:
        """Write the next version; what no worker would load is refused before a version is claimed for it."""
        store = Store.open(self._url)
        with tempfile.TemporaryDirectory() as scratch:
            bundle.write(Path(scratch) / "trial", replace(draft, version="v1"))
            version = store.next_version(draft.model)
            folder = Path(scratch) / "bundle"
            bundle.write(folder, replace(draft, version=version))
            return Registered(version=version, digest=store.put_bundle(folder))
