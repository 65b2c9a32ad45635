"""Loading a bundle. The order is the protection: size, digests, versions, types; only then is a model made of bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.bundle import libraries, manifest, modelfile
from headrace.bundle.errors import BundleMissing, BundleTooLarge, DigestMismatch, UntrustedModel
from headrace.bundle.golden import Golden
from headrace.bundle.manifest import Manifest
from headrace.features import FeatureSet
from headrace.predict import Encoder, Predictor

SIZE_CAP = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A loaded version of a model."""

    digest: str
    manifest: Manifest
    features: FeatureSet
    predictor: Predictor
    golden: Golden


def load(folder: Path, expected_digest: str, *, size_cap: int = SIZE_CAP) -> Bundle:
    """Load a bundle whose digest is known from a signed document; raises a BundleError of its own for each fault."""
    found, files = checked_files(folder, expected_digest, size_cap=size_cap)
    libraries.require_equal(found.libraries)
    estimator = modelfile.loads(files[manifest.MODEL])
    encoder = Encoder.from_dict(found.encoder)
    try:
        predictor = Predictor(estimator, encoder, task=found.task, positive=found.positive)
    except AttributeError as error:
        raise UntrustedModel(f"model.skops holds something that cannot predict: {error}") from None
    golden = Golden.decode(files[manifest.GOLDEN])
    return Bundle(digest=expected_digest, manifest=found, features=found.features, predictor=predictor, golden=golden)


def checked_files(
    folder: Path, expected_digest: str, *, size_cap: int = SIZE_CAP
) -> tuple[Manifest, Mapping[str, bytes]]:
    """The manifest and all files as bytes, after their digests held: what is loaded is what was checked."""
    raw = manifest.read_bytes(folder)
    got = hashlib.sha256(raw).hexdigest()
    if got != expected_digest:
        raise DigestMismatch(
            f"{folder}/{manifest.FILE} has the digest {got[:12]}…, the release names {expected_digest[:12]}…"
        )
    found = Manifest.parse(raw)
    if found.size > size_cap:
        raise BundleTooLarge(f"the bundle has {found.size} bytes; at most {size_cap} are loaded")
    return found, {name: _checked(folder / name, e.sha256, e.size) for name, e in found.files.items()}


def _checked(path: Path, sha256: str, size: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BundleMissing(f"{path} is missing from the bundle")
    with path.open("rb") as file:
        content = file.read(size + 1)
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        raise DigestMismatch(f"{path} is not the file that the manifest describes: its bytes were changed or cut")
    return content
