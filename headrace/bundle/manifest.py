"""manifest.json: what a bundle is, and the digest of everything in it."""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from headrace.bundle.errors import BundleMissing, ManifestMalformed
from headrace.features import FeatureSet
from headrace.modelfolder import NAME as MODEL_NAME

FILE = "manifest.json"
MODEL, FEATURES, GOLDEN, REFERENCE, CARD = "model.skops", "features.avsc", "golden.arrow", "reference.json", "card.md"
FILES = (MODEL, FEATURES, GOLDEN, REFERENCE, CARD)
MAX_BYTES = 8_000_000
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)+")
VERSION = re.compile(r"v[1-9][0-9]{0,8}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class FileEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the bundle."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of manifest.json."""

    format: Literal[1] = 1
    model: str
    version: str
    framework: Literal["sklearn"] = "sklearn"
    task: Literal["classification", "regression"]
    positive: str | int | float | bool | None = None
    schema: dict[str, Any]
    encoder: dict[str, Any]
    files: dict[str, FileEntry]
    libraries: dict[str, str]
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    code_revision: str = ""
    created_at: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Read and check; raises ManifestMalformed with what is wrong."""
        if len(raw) > MAX_BYTES:
            raise ManifestMalformed(f"manifest.json has {len(raw)} bytes; at most {MAX_BYTES} are read")
        try:
            manifest = msgspec.json.decode(raw, type=cls)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise ManifestMalformed(f"manifest.json cannot be used: {error}") from None
        _check(manifest)
        return manifest

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a bundle's folder, without checking digests."""
        return cls.parse(read_bytes(folder))

    def encode(self) -> bytes:
        """The bytes of manifest.json; their sha256 is the bundle's digest."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1)

    @property
    def features(self) -> FeatureSet:
        """The model's inputs."""
        return FeatureSet.parse(self.schema, origin=FEATURES)

    @property
    def size(self) -> int:
        """Bytes of all files beside the manifest."""
        return sum(entry.size for entry in self.files.values())


def read_bytes(folder: Path) -> bytes:
    """The bytes of manifest.json."""
    path = folder / FILE
    if path.is_symlink() or not path.is_file():
        raise BundleMissing(f"{folder} is not a bundle: it has no {FILE}")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _check(manifest: Manifest) -> None:
    if not MODEL_NAME.fullmatch(manifest.model):
        raise ManifestMalformed(f"manifest.json: {manifest.model!r} cannot be a model's name")
    if not VERSION.fullmatch(manifest.version):
        raise ManifestMalformed(f"manifest.json: {manifest.version!r} cannot be a version; they are v1, v2, …")
    if missing := [name for name in FILES if name not in manifest.files]:
        raise ManifestMalformed(f"manifest.json does not list {', '.join(missing)}")
    for name, entry in manifest.files.items():
        if not PLAIN_NAME.fullmatch(name) or name == FILE:
            raise ManifestMalformed(f"manifest.json: {name!r} is not a plain file name")
        if not SHA256.fullmatch(entry.sha256) or entry.size < 0:
            raise ManifestMalformed(f"manifest.json: the digest or size of {name} is not one")
    names, vocabularies = manifest.encoder.get("names"), manifest.encoder.get("vocabularies")
    if names != list(manifest.features.names) or not isinstance(vocabularies, dict):
        raise ManifestMalformed("manifest.json: the encoder's features are not those of the schema")
    if not all(_is_vocabulary(values) for values in vocabularies.values()):
        raise ManifestMalformed("manifest.json: a vocabulary of the encoder is not a list of different strings")


def _is_vocabulary(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(v, str) for v in values) and len(set(values)) == len(values)
