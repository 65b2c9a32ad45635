"""Keys: who may release. A private key at the desk, public keys where releases are checked."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headrace.instants import instant
from headrace.release.errors import KeyUnusable

NOT_AFTER = "Not-After:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """Public keys by their id; ends: from when on the key of an id can release nothing more."""

    keys: Mapping[str, Ed25519PublicKey]
    ends: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "TrustedKeys":
        """All *.pem of a folder; a folder that is not there trusts nobody."""
        keys: dict[str, Ed25519PublicKey] = {}
        ends: dict[str, datetime] = {}
        for path in sorted(folder.glob("*.pem")):
            key, end = _public(path)
            identity = key_id(key)
            keys[identity] = key
            if end is not None:
                ends[identity] = min(end, ends.get(identity, end))
        return cls(keys=keys, ends=ends)

    @classmethod
    def of(cls, *keys: Ed25519PublicKey) -> "TrustedKeys":
        """Trust these."""
        return cls(keys={key_id(key): key for key in keys})

    def holds(self, identity: str) -> bool:
        """Whether a key of this id is trusted."""
        return identity in self.keys

    def described(self) -> dict[str, str | None]:
        """The end of each key, by its id; None for those without one."""
        return {name: end.isoformat() if (end := self.ends.get(name)) else None for name in self.keys}

    def verify(self, identity: str, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's, over this message."""
        try:
            self.keys[identity].verify(signature, message)
        except (KeyError, InvalidSignature):
            return False
        return True


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the sha256 of the raw public key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def read_private(path: Path) -> Ed25519PrivateKey:
    """The desk's key; refused when others can read the file."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path} can be read by others than its owner; run `chmod 600 {path}`")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise KeyUnusable(f"there is no signing key at {path}; `headrace release key` makes one") from None
    except (ValueError, TypeError, OSError) as error:
        raise KeyUnusable(f"{path} is not a private key that can be read: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} is not an Ed25519 key; `headrace release key` makes one")
    return key


def create_private(path: Path) -> Ed25519PrivateKey:
    """Make a key file that only its owner can read; never overwrites one."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise KeyUnusable(f"{path} exists already; a signing key is never overwritten") from None
    return key


def trust(folder: Path, key: Ed25519PublicKey) -> Path:
    """Write a public key into the folder of trusted keys and return its file; one that is there stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key_id(key)}.pem"
    if path.exists():
        return path  # it may say when the key ends
    path.write_bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path


def _public(path: Path) -> tuple[Ed25519PublicKey, datetime | None]:
    try:
        raw = path.read_bytes()
        key = serialization.load_pem_public_key(raw)
    except (ValueError, OSError) as error:
        raise KeyUnusable(f"{path} is not a public key that can be read: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{path} is not an Ed25519 key")
    return key, _end(path, raw.decode("utf-8", "replace").partition("-----BEGIN")[0])


def _end(path: Path, above: str) -> datetime | None:
    """What the lines above a key say; one that is not understood might have been meant to end it."""
    end = None
    for line in filter(None, map(str.strip, above.splitlines())):
        if line.startswith("#"):
            continue
        end = instant(line.removeprefix(NOT_AFTER).strip()) if line.startswith(NOT_AFTER) else None
        if end is None:
            raise KeyUnusable(
                f"{path}: {line!r} is not understood; above a key may stand comments (#) and a line such as "
                f"`{NOT_AFTER} 2026-12-31T00:00:00Z`"
            )
    return end
