"""Which variant answers a request: sticky for an entity, and equal on replay."""

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace.release.document import WHOLE, Variant

Indices = npt.NDArray[np.intp]


def route(salt: str, keys: pa.Array, variants: Sequence[Variant]) -> Indices:
    """The position in variants (Release.serving) for each key [n]; with one variant no key is looked at.

    keys are the entity, or the request_id where there is none. The salt is the model's name, so that
    two models do not put the same entities into their challengers.
    """
    if len(variants) == 1:
        return np.zeros(len(keys), dtype=np.intp)
    bounds = np.cumsum([variant.share for variant in variants[:-1]], dtype=np.uint64)
    return np.searchsorted(bounds, _buckets(salt, keys), side="right")


def _buckets(salt: str, keys: pa.Array) -> npt.NDArray[np.uint64]:
    raw = keys.cast(pa.binary()).fill_null(b"").to_pylist()
    hashes = np.fromiter(map(zlib.crc32, raw), dtype=np.uint64, count=len(raw))
    # crc32 alone is linear: two salts would give the same groups. The salt goes in before a full mix
    # (the finalizer of MurmurHash3, A. Appleby, public domain).
    hashes ^= np.uint64(int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "little"))
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes ^= hashes >> np.uint64(33)
        hashes *= np.uint64(factor)
    hashes ^= hashes >> np.uint64(33)
    return hashes % np.uint64(WHOLE)
