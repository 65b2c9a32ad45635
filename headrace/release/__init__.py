"""Releases: signed, chained documents that say which versions serve. Pure, but for reading and writing key files."""

from headrace.release.chain import REASONS, Chain, Link, Verdict
from headrace.release.document import Release, Variant, canonical
from headrace.release.keys import TrustedKeys, create_private, key_id, read_private, trust
from headrace.release.message import Refused, release_id, short, sign, verify
from headrace.release.routing import route

__all__ = [
    "REASONS",
    "Chain",
    "Link",
    "Refused",
    "Release",
    "TrustedKeys",
    "Variant",
    "Verdict",
    "canonical",
    "create_private",
    "key_id",
    "read_private",
    "release_id",
    "route",
    "short",
    "sign",
    "trust",
    "verify",
]
