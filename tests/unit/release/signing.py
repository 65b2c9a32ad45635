"""Releases for tests."""

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headrace.release import Release, Variant, release_id, sign

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


def release(version: str = "v1", **changes: Any) -> Release:
    base = Release(
        model="flights",
        sequence=0,
        predecessor="",
        action="approve",
        variants=(Variant(name="champion", version=version, digest="a" * 64),),
        parameters={"threshold": 0.5, "note": "é"},
        actor="operator",
        reason="better",
        evidence={"metrics": {"auc": 0.75, "rows": 100}},
        issued_at="2013-02-01T00:00:00+00:00",
        key_id="",
    )
    return replace(base, **changes)


def chain_of(*versions: str) -> list[bytes]:
    """Signed messages, each following the one before."""
    messages: list[bytes] = []
    for number, version in enumerate(versions):
        before = release_id(messages[-1]) if messages else ""
        messages.append(sign(release(version, sequence=number, predecessor=before), KEY))
    return messages
