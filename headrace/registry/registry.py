"""The registry: bundles by model and version, writer schemas by fingerprint; all of it write-once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastavro.schema import SchemaParseException

from headrace.bundle import SIZE_CAP, Bundle, Manifest, checked_files, digest_of, load, manifest, tried_once, verify
from headrace.bundle.errors import BundleTooLarge, DigestMismatch
from headrace.modelfolder import NAME as MODEL_NAME
from headrace.registry.cache import cached
from headrace.registry.errors import RegistryError, UnknownSchema, UnknownVersion
from headrace.registry.store import WriteOnce
from headrace.wire.framing import fingerprint

CLAIM = "claimed"
SCHEMA_BYTES = 1_000_000


class Registry:
    """bundles/<model>/<version>/… and schemas/<fingerprint>.avsc."""

    __slots__ = ("_store",)

    def __init__(self, store: WriteOnce) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> "Registry":
        """A local folder, or s3://…, gs://…, az://…"""
        return cls(WriteOnce(url))

    def next_version(self, model: str) -> str:
        """Claim the next version of a model: v1, v2, …; two callers never get the same."""
        _check(model, "v1")
        taken = [int(name.split("/")[2][1:]) for name in self._store.names(f"bundles/{model}") if _is_versioned(name)]
        number = max(taken, default=0) + 1
        while not self._store.claim(f"bundles/{model}/v{number}/{CLAIM}", b"claimed\n"):
            number += 1
        return f"v{number}"

    def put_bundle(self, folder: Path) -> str:
        """Store a bundle under the version that its manifest names and return its digest; the manifest goes last."""
        raw = manifest.read_bytes(folder)
        digest = digest_of(raw)
        found, files = checked_files(folder, digest)
        place = f"bundles/{found.model}/{found.version}"
        self._store.claim(f"{place}/{CLAIM}", b"claimed\n")
        for name, content in {**files, manifest.FILE: raw}.items():
            self._store.create(f"{place}/{name}", content)
        return digest

    def versions(self, model: str) -> tuple[str, ...]:
        """All complete versions, oldest first."""
        _check(model, "v1")
        names = [name.split("/") for name in self._store.names(f"bundles/{model}") if _is_versioned(name)]
        complete = {parts[2] for parts in names if parts[3:] == [manifest.FILE]}
        return tuple(sorted(complete, key=lambda version: int(version[1:])))

    def manifest(self, model: str, version: str) -> Manifest:
        """The manifest of a version; raises UnknownVersion."""
        return Manifest.parse(self._manifest_bytes(model, version))

    def digest(self, model: str, version: str) -> str:
        """The digest of the bundle that the registry holds as this version; raises UnknownVersion."""
        return digest_of(self._manifest_bytes(model, version))

    def fetch_bundle(self, model: str, version: str, digest: str, cache: Path) -> Path:
        """The folder of a bundle in the cache; a good copy there is used whether the registry answers or not."""
        return cached(cache, digest, lambda: self._download(model, version, digest))

    def load_bundle(self, model: str, version: str, digest: str, cache: Path) -> Bundle:
        """A bundle, fetched, tried in a child process unless it was on this machine, and loaded."""
        folder = self.fetch_bundle(model, version, digest, cache)
        tried_once(cache, digest, lambda: verify(folder, digest))
        return load(folder, digest)

    def put_schema(self, schema: Mapping[str, Any]) -> bytes:
        """Store a writer's schema and return its fingerprint; the first of equal fingerprint stays."""
        mark = fingerprint(schema)
        self._store.claim(f"schemas/{mark.hex()}.avsc", json.dumps(schema).encode())
        return mark

    def schema(self, mark: bytes) -> dict[str, Any]:
        """The writer's schema of a fingerprint; raises UnknownSchema."""
        raw = self._store.read(f"schemas/{mark.hex()}.avsc", SCHEMA_BYTES)
        if raw is None:
            raise UnknownSchema(f"no schema with the fingerprint {mark.hex()} is in the registry {self._store.url}")
        try:
            schema = json.loads(raw)
            sound = fingerprint(schema) == mark
        except (ValueError, TypeError, SchemaParseException) as error:
            raise RegistryError(
                f"the schema {mark.hex()} in the registry {self._store.url} is damaged: {error}"
            ) from None
        if not sound:
            raise RegistryError(f"the schema {mark.hex()} in the registry {self._store.url} was changed")
        return dict(schema)

    def _manifest_bytes(self, model: str, version: str) -> bytes:
        _check(model, version)
        raw = self._store.read(f"bundles/{model}/{version}/{manifest.FILE}", manifest.MAX_BYTES)
        if raw is None:
            there = ", ".join(self.versions(model)[-5:]) or "none"
            raise UnknownVersion(
                f"{model} {version} is not in the registry {self._store.url} (latest versions there: {there})"
            )
        return raw

    def _download(self, model: str, version: str, digest: str) -> dict[str, bytes]:
        raw = self._manifest_bytes(model, version)
        if digest_of(raw) != digest:
            raise DigestMismatch(
                f"{model} {version} in the registry is not the bundle that was approved: "
                f"its digest is {digest_of(raw)[:12]}…, the release names {digest[:12]}…"
            )
        found, contents = Manifest.parse(raw), {manifest.FILE: raw}
        if found.size > SIZE_CAP:
            raise BundleTooLarge(f"{model} {version} has {found.size} bytes; at most {SIZE_CAP} are fetched")
        for name, entry in found.files.items():
            content = self._store.read(f"bundles/{model}/{version}/{name}", entry.size)
            if content is None:
                raise UnknownVersion(f"{name} of {model} {version} is missing from the registry {self._store.url}")
            contents[name] = content
        return contents


def _check(model: str, version: str) -> None:
    if not MODEL_NAME.fullmatch(model) or not manifest.VERSION.fullmatch(version):
        raise UnknownVersion(f"{model!r} {version!r} is not a model and a version such as v1")


def _is_versioned(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 4 and manifest.VERSION.fullmatch(parts[2]) is not None
