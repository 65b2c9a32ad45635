"""From one micro-batch of one partition to log blocks that are small enough, whose headers add up."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.wire.errors import EncodingError
from headrace.wire.logblock import LIMIT, LogHeader, Rejected, encode_block

# How much smaller compression makes a block at least, as a guess: one that would turn out to be over the limit is
# rather split beforehand than encoded twice.
LEAST_GAIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """What one partition gave to a micro-batch, and what became of it.

    offsets are those of all requests received, ascending; answered_by has for each of them the place in versions of the
    version that answered it, -1 where it was rejected. rejects and rows (see logblock) are in the order of their
    offsets.
    """

    model: str
    source_topic: str
    source_partition: int
    previous_last_offset: int
    release: str
    worker: str
    scored_at: int
    offsets: NDArray[np.int64]
    versions: tuple[str, ...]
    answered_by: NDArray[np.intp]
    rejects: tuple[Rejected, ...]
    rows: pa.RecordBatch
    pinned: dict[str, float] = field(default_factory=dict)


def header_of(batch: LogBatch) -> LogHeader:
    """The header that accounts for a batch; raises EncodingError when it would not account for every request."""
    received, unidentified = len(batch.offsets), sum(name is None for _, name, _ in batch.rejects)
    rejected, *counts = np.bincount(batch.answered_by + 1, minlength=len(batch.versions) + 1).tolist()
    if rejected + sum(counts) != received or rejected != len(batch.rejects):
        raise EncodingError(
            f"{received} requests, {sum(counts)} of them answered by a version, {len(batch.rejects)} rejected: "
            "a log block must account for each"
        )
    versions: dict[str, int] = {}
    for version, count in zip(batch.versions, counts, strict=True):
        if count:
            versions[version] = versions.get(version, 0) + count
    return LogHeader(
        model=batch.model,
        source_topic=batch.source_topic,
        source_partition=batch.source_partition,
        first_offset=int(batch.offsets[0]),
        last_offset=int(batch.offsets[-1]),
        previous_last_offset=batch.previous_last_offset,
        received=received,
        answered=received - unidentified,
        rejected=len(batch.rejects),
        unidentified=unidentified,
        logged=batch.rows.num_rows,
        versions=versions,
        release=batch.release,
        worker=batch.worker,
        scored_at=batch.scored_at,
        rejects=batch.rejects,
        pinned=batch.pinned,
    )


def split_blocks(batch: LogBatch, limit: int = LIMIT) -> list[bytes]:
    """The blocks of a batch, in order: none when nothing was received, more than one when one would be over the limit.

    A single request whose row alone is over the limit makes a block over the limit: it cannot be halved.
    """
    parts = min(-(-pa.ipc.get_record_batch_size(batch.rows) // (LEAST_GAIN * limit)), len(batch.offsets))
    if parts > 1:
        return list(_split(batch, limit, parts))
    return list(_blocks(batch, limit)) if len(batch.offsets) else []


def _blocks(batch: LogBatch, limit: int) -> Iterator[bytes]:
    data = encode_block(header_of(batch), batch.rows)
    parts = min(-(-len(data) // limit), len(batch.offsets))
    if parts <= 1:
        yield data
    else:
        yield from _split(batch, limit, parts)


def _split(batch: LogBatch, limit: int, parts: int) -> Iterator[bytes]:
    edges = np.linspace(0, len(batch.offsets), parts + 1).astype(int)
    previous = batch.previous_last_offset
    for first, behind in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield from _blocks(_part(batch, first, behind, previous), limit)
        previous = int(batch.offsets[behind - 1])


def _part(batch: LogBatch, first: int, behind: int, previous: int) -> LogBatch:
    low, high = int(batch.offsets[first]), int(batch.offsets[behind - 1])
    logged = batch.rows.column("source_offset").to_numpy()
    begin, end = int(np.searchsorted(logged, low)), int(np.searchsorted(logged, high, side="right"))
    return replace(
        batch,
        previous_last_offset=previous,
        offsets=batch.offsets[first:behind],
        answered_by=batch.answered_by[first:behind],
        rejects=tuple(reject for reject in batch.rejects if low <= reject[0] <= high),
        rows=batch.rows.slice(begin, end - begin),
    )
