"""The signed message that carries a release document."""

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headrace.release.document import Release, canonical, check
from headrace.release.errors import ReleaseMalformed
from headrace.release.keys import TrustedKeys, key_id

MAX_BYTES = 256 * 1024
# What is signed begins with this, so that the key's signature of anything else can never pass for a release.
CONTEXT = b"headrace release 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a message does not count: a word from a fixed list, and a sentence."""

    reason: str
    detail: str


def sign(release: Release, key: Ed25519PrivateKey) -> bytes:
    """The signed message of a release; the key's id is put into the document."""
    release = replace(release, key_id=key_id(key.public_key()))
    check(release)
    document = asdict(release)
    signature = key.sign(CONTEXT + canonical(document))
    message = _message(document, signature)
    if len(message) > MAX_BYTES:
        raise ReleaseMalformed(f"the release has {len(message)} bytes; at most {MAX_BYTES} are read")
    return message


def verify(message: bytes, trusted: TrustedKeys) -> Release | Refused:
    """The document of a message signed by a trusted key, or why it is refused."""
    if len(message) > MAX_BYTES:
        return Refused(reason="too-large", detail=f"{len(message)} bytes; at most {MAX_BYTES} are read")
    parsed = _parse(message)
    if isinstance(parsed, Refused):
        return parsed
    release, signature = parsed
    if not trusted.holds(release.key_id):
        return Refused(reason="unknown-key", detail=f"signed with key {release.key_id}, which is not trusted here")
    if not trusted.verify(release.key_id, signature, CONTEXT + canonical(asdict(release))):
        return Refused(reason="bad-signature", detail=f"the signature is not key {release.key_id}'s over this document")
    return release


def release_id(message: bytes) -> str:
    """The id of a release: the sha256 of its signed message."""
    return hashlib.sha256(message).hexdigest()


def short(identity: str) -> str:
    """The first 12 digits of an id, for people."""
    return identity[:12]


def _parse(message: bytes) -> tuple[Release, bytes] | Refused:
    try:
        raw = json.loads(message)
        if not isinstance(raw, dict) or "document" not in raw:
            return Refused(reason="malformed", detail="not a JSON object with a document")
        if not isinstance(raw.get("signature"), str) or not raw["signature"]:
            return Refused(reason="unsigned", detail="the document has no signature")
        release = msgspec.convert(raw["document"], type=Release, strict=True)
        signature = base64.b64decode(raw["signature"], validate=True)
        # One document has one spelling: else the same approval could be had under several ids.
        if _message(asdict(release), signature) != message:
            return Refused(reason="not-canonical", detail="the message is not in its one canonical spelling")
        check(release)
    except (ValueError, TypeError, RecursionError, binascii.Error, ReleaseMalformed) as error:
        return Refused(reason="malformed", detail=f"{error}"[:300])
    return release, signature


def _message(document: dict[str, Any], signature: bytes) -> bytes:
    return canonical({"document": document, "signature": base64.b64encode(signature).decode()})
