"""Whether what was found stands in the blocks that vouch for it, block by block; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.ledger.report import Fault

Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How many of something a block of requests first–last says there are; None: not to be compared any more."""

    first: int
    last: int
    count: int | None


def match(partition: int, what: str, promises: Sequence[Promise], offsets: Offsets) -> Iterator[Fault]:
    """Compare the offsets found (of one source partition, up to its last block) with what its blocks promise."""
    distinct = np.unique(offsets)
    if twice := len(offsets) - len(distinct):
        yield Fault(partition=partition, count=twice, words=f"{what} beyond one a request: {twice}")
    ordered = sorted(promises, key=lambda promise: (promise.last, promise.first))
    lasts = np.array([promise.last for promise in ordered], np.int64)
    firsts = np.array([promise.first for promise in ordered], np.int64)
    distinct = distinct[distinct <= lasts.max(initial=-1)]
    block = np.searchsorted(lasts, distinct)
    inside = distinct >= firsts[block]
    if strays := int(np.count_nonzero(~inside)):
        words = f"{what} of requests in no block: {strays}, the first of request {distinct[~inside][0]}"
        yield Fault(partition=partition, count=strays, words=words)
    found = np.bincount(block[inside], minlength=len(ordered)).tolist()
    for promise, number in zip(ordered, found, strict=True):
        if promise.count is not None and promise.count != number:
            where = f"{what} of requests {promise.first}–{promise.last}: the block says {promise.count}"
            yield Fault(partition=partition, count=abs(promise.count - number), words=f"{where}, there are {number}")
