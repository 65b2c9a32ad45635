"""The folder in an image: laid out as the registry is, with one bundle and the writers' schemas of when it was made."""

from pathlib import Path
from typing import Any

from headrace.bundle import Manifest, digest_of, manifest
from headrace.image.errors import ImageBundleError, OtherBundle
from headrace.registry import Registry


class Baked:
    """What a worker of such an image has in place of the registry; nothing outside of the folder is asked."""

    def __init__(self, folder: Path) -> None:
        found = list(folder.glob(f"bundles/*/*/{manifest.FILE}"))
        if len(found) != 1:
            raise ImageBundleError(
                f"{folder} holds {len(found)} bundles where the image's one is looked for; "
                "`headrace image MODEL VERSION FOLDER` writes such a folder, HEADRACE_IMAGE_BUNDLE names it"
            )
        self.bundle = found[0].parent
        raw = manifest.read_bytes(self.bundle)
        self.digest, self._manifest = digest_of(raw), Manifest.parse(raw)
        self._schemas = Registry.open(str(folder))

    @property
    def name(self) -> str:
        """Model and version."""
        return f"{self._manifest.model} {self._manifest.version}"

    def fetch_bundle(self, model: str, version: str, digest: str, cache: Path) -> Path:
        """The folder of the one bundle; raises OtherBundle for any other. Its files are checked when it is loaded."""
        if digest != self.digest:
            raise OtherBundle(
                f"this worker's image holds {self.name} ({self.digest[:12]}…) and serves no other; the release names "
                f"{model} {version} ({digest[:12]}…): start workers of an image with that one"
            )
        return self.bundle

    def schema(self, mark: bytes) -> dict[str, Any]:
        """The writer's schema of a fingerprint; raises UnknownSchema for one that is not in the image."""
        return self._schemas.schema(mark)


def write(registry: Registry, model: str, version: str, folder: Path, cache: Path) -> Baked:
    """Put a version and all writers' schemas from the registry into a folder, from which an image is made."""
    others = [path.name for path in folder.glob("bundles/*/*") if path != folder / "bundles" / model / version]
    if others:
        raise ImageBundleError(f"{folder} holds {others[0]} already, and an image has one bundle; name another folder")
    fetched = registry.fetch_bundle(model, version, registry.digest(model, version), cache)
    made = Registry.open(str(folder))
    made.put_bundle(fetched)
    for mark in registry.schemas():
        made.put_schema(registry.schema(mark))
    return Baked(folder)
