"""Rows gathered into the bytes of a Parquet file, and the columns that go into one."""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.batch.errors import OutputUnusable
from headrace.batch.job import Source, Written
from headrace.batch.layout import DECISION, SCORE
from headrace.registry.store import WriteOnce
from streams.batch.scoring import Scored

OWN = ("_source", "_row", "_reason", "_original")


class _Pages(io.RawIOBase):
    """Keeps what is written piece by piece: one buffer that grows would be there twice each time that it is moved."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.kept.append(bytes(data))
        return len(data)


class Sheet:
    """A Parquet file in memory; none of it without rows. The same rows in the same pieces give the same bytes."""

    def __init__(self) -> None:
        self._pages = _Pages()
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows; all batches have the same columns."""
        if not batch.num_rows:
            return
        if self._writer is None:
            # To look for equal numbers costs three times as much as writing them down.
            texts = [field.name for field in batch.schema if not pa.types.is_primitive(field.type)]
            self._writer = pq.ParquetWriter(
                self._pages, batch.schema, compression="zstd", use_dictionary=texts, write_page_checksum=True
            )
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def content(self) -> Sequence[bytes]:
        """The whole file, to be put together; nothing without rows."""
        if self._writer is not None:
            self._writer.close()
        return self._pages.kept


def scored_rows(scored: Scored, *, typed: bool) -> pa.RecordBatch:
    """The rows with a score, as headrace/batch/layout.py says."""
    rows = scored.piece.rows
    columns = {name: rows.column(name) for name in rows.schema.names if name not in (SCORE, DECISION)}
    if not typed:
        columns |= scored.features
    if len(scored.kept) < rows.num_rows:
        kept = pa.array(scored.kept)
        columns = {name: column.take(kept) for name, column in columns.items()}
    columns[SCORE] = pa.array(scored.scores)
    if scored.decision is not None:
        columns[DECISION] = pa.array(scored.decision)
    return pa.RecordBatch.from_pydict(columns)


def rejected_rows(scored: Scored, source: Source, first: int) -> pa.RecordBatch:
    """The input's columns as they came, the number of each row in its source (from 1), and why it has no score."""
    refused = scored.refused
    rows = scored.piece.rows.take(pa.array(refused))
    own = (
        pa.array([source.name] * len(refused), pa.string()),
        pa.array(refused + first + 1),
        pa.array([scored.reasons[row] for row in refused.tolist()], pa.string()),
        pa.array([scored.piece.original.get(row) for row in refused.tolist()], pa.string()),
    )
    columns = {name: rows.column(name) for name in rows.schema.names if name not in OWN}
    return pa.RecordBatch.from_pydict(columns | dict(zip(OWN, own, strict=True)))


def put_sheet(store: WriteOnce, name: str, sheet: Sheet) -> Written | None:
    """Create an object of a sheet's rows, or adopt what an earlier attempt created; None where there are no rows.

    Raises OutputUnusable when it holds other rows.
    """
    content = sheet.content()
    if not content:
        return None
    if not store.claim(name, content):
        there = store.read(name) or b""
        if not _same(there, b"".join(content)):
            raise OutputUnusable(f"{name} in {store.url} holds other rows than this part; name another output")
        content = [there]
    digest = hashlib.sha256()
    for page in content:
        digest.update(page)
    return Written(name=name, size=sum(map(len, content)), sha256=digest.hexdigest())


def _same(there: bytes, ours: bytes) -> bool:
    """Whether two files are of the same rows, as far as columns, their number and scores tell.

    Other pieces or another library may have made other bytes of them. Columns of the input are not compared: a NaN
    there equals nothing.
    """
    if there == ours:
        return True
    try:
        theirs, own = (pq.ParquetFile(pa.BufferReader(one)) for one in (there, ours))
        if theirs.schema_arrow != own.schema_arrow or theirs.metadata.num_rows != own.metadata.num_rows:
            return False
        return SCORE not in own.schema_arrow.names or theirs.read([SCORE]).equals(own.read([SCORE]))
    except (pa.ArrowException, OSError):
        return False
