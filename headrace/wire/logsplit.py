"""From one micro-batch of one partition to log blocks that are small enough, whose headers add up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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

    offsets are those of all requests received, ascending; version has a row for each of them: the version that answered
    it, null where it was rejected. rejects and columns (see logblock) are in the order of their offsets.
    """

    model: str
    source_topic: str
    source_partition: int
    previous_last_offset: int
    release: str
    worker: str
    scored_at: int
    offsets: NDArray[np.int64]
    version: pa.Array
    rejects: tuple[Rejected, ...]
    columns: Mapping[str, pa.Array]


def header_of(batch: LogBatch) -> LogHeader:
    """The header that accounts for a batch; raises EncodingError when it would not account for every request."""
    received, unidentified = len(batch.offsets), sum(name is None for _, name, _ in batch.rejects)
    if len(batch.version) != received or batch.version.null_count != len(batch.rejects):
        raise EncodingError(
            f"{received} requests, {len(batch.version) - batch.version.null_count} of them answered by a version, "
            f"{len(batch.rejects)} rejected: a log block must account for each"
        )
    counts = batch.version.drop_null().value_counts()
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
        logged=len(batch.columns["source_offset"]),
        versions={item["values"]: item["counts"] for item in counts.to_pylist()},
        release=batch.release,
        worker=batch.worker,
        scored_at=batch.scored_at,
        rejects=batch.rejects,
    )


def split_blocks(batch: LogBatch, limit: int = LIMIT) -> list[bytes]:
    """The blocks of a batch, in order: none when nothing was received, more than one when one would be over the limit.

    A single request whose row alone is over the limit makes a block over the limit: it cannot be halved.
    """
    raw = sum(column.nbytes for column in batch.columns.values())
    parts = min(-(-raw // (LEAST_GAIN * limit)), len(batch.offsets))
    if parts > 1:
        return list(_split(batch, limit, parts))
    return list(_blocks(batch, limit)) if len(batch.offsets) else []


def _blocks(batch: LogBatch, limit: int) -> Iterator[bytes]:
    data = encode_block(header_of(batch), batch.columns)
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
    logged = batch.columns["source_offset"].to_numpy()
    begin, end = int(np.searchsorted(logged, low)), int(np.searchsorted(logged, high, side="right"))
    return replace(
        batch,
        previous_last_offset=previous,
        offsets=batch.offsets[first:behind],
        version=batch.version.slice(first, behind - first),
        rejects=tuple(reject for reject in batch.rejects if low <= reject[0] <= high),
        columns={name: column.slice(begin, end - begin) for name, column in batch.columns.items()},
    )
