"""Releases that a desk would not make, keys, and bundles that somebody has been at."""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headrace import bundle
from headrace.release import Release, Variant, canonical, key_id, read_private, release_id, sign, trust
from headrace.release.message import CONTEXT
from tests.faults.tinymodel import draft
from tests.faults.world import World
from tests.unit.bundle.making import Canary, with_model


def release_bundle(world: World, version: str, digest: str) -> str:
    """Sign and publish what no desk would have approved; its id."""
    variants = (Variant(name="champion", version=version, digest=digest),)
    world.releases.append(world.document("v1", variants=variants))
    world.publish(world.releases[-1])
    return release_id(world.releases[-1])


def signed_as_it_stands(world: World, **changes: Any) -> bytes:
    """The next release with changes that `sign` would refuse, under a good signature of the desk's key."""
    return signed_whole(world, json.loads(world.document("v1"))["document"] | changes)


def signed_whole(world: World, document: Mapping[str, Any]) -> bytes:
    """Any document, under a good signature of the desk's key."""
    signature = desk_key(world).sign(CONTEXT + canonical(document))
    return canonical({"document": document, "signature": base64.b64encode(signature).decode()})


def signed_by(world: World, key: Ed25519PrivateKey, version: str, **changes: Any) -> bytes:
    """The next release, signed with another key."""
    document = json.loads(world.document(version))["document"]
    variants = tuple(Variant(**variant) for variant in document.pop("variants"))
    return sign(replace(Release(variants=variants, **document), key_id="", **changes), key)


def respelt(message: bytes, **changes: str) -> bytes:
    """A message with another part beside its document."""
    return canonical(json.loads(message) | changes)


def desk_key(world: World) -> Ed25519PrivateKey:
    """With which the world signs."""
    return read_private(world.data / "keys" / "desk.pem")


def trusted_file(world: World, key: Ed25519PrivateKey) -> Path:
    """Where workers find the public key."""
    return world.data / "keys" / "trusted" / f"{key_id(key.public_key())}.pem"


def trust_until(world: World, key: Ed25519PrivateKey, line: str = "") -> None:
    """Let workers trust a key, with a line above it; put in its place whole, as they may be looking."""
    path = trusted_file(world, key)
    plain = trust(world.folder / "plain", key.public_key()).read_text()
    path.with_suffix(".new").write_text(f"{line}\n{plain}" if line else plain)
    path.with_suffix(".new").rename(path)


def add_canary(world: World, version: str, path: Path) -> str:
    """A bundle that writes a file when its model is loaded; its digest."""
    folder = world.folder / "bundles" / version
    bundle.write(folder, draft(world.model, version)[0])
    digest = with_model(folder, Canary(str(path)))
    world.registry.put_bundle(folder)
    return digest


def in_registry(world: World, version: str) -> Path:
    """The folder of a version in the registry."""
    return world.data / "registry" / "bundles" / world.model / version


def flip_a_byte(folder: Path, chance: random.Random) -> str:
    """One bit of one byte of one of the files; where."""
    path = chance.choice(_files(folder))
    raw = bytearray(path.read_bytes())
    at = chance.randrange(len(raw))
    raw[at] ^= 1 << chance.randrange(8)
    _write(path, bytes(raw))
    return f"{path.name}, byte {at} of {len(raw)}"


def cut_short(folder: Path, chance: random.Random) -> str:
    """One of the files ends early; where."""
    path = chance.choice(_files(folder))
    raw = path.read_bytes()
    at = chance.randrange(len(raw))
    _write(path, raw[:at])
    return f"{path.name}, {at} of {len(raw)} bytes"


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.*")) if path.stat().st_size]


def _write(path: Path, raw: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(raw)
