"""Rows gathered into the bytes of a Parquet file, and the columns that go into one."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.batch.job import Source
from streams.batch.scoring import Scored

SCORE, DECISION = "score", "decision"
OWN = ("_source", "_row", "_reason", "_original")


class Sheet:
    """A Parquet file in memory; None of it without rows. The same rows in the same pieces give the same bytes."""

    def __init__(self) -> None:
        self._sink = io.BytesIO()
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows; all batches have the same columns."""
        if not batch.num_rows:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._sink, batch.schema, compression="zstd", write_page_checksum=True, store_schema=True
            )
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def content(self) -> bytes | None:
        """The whole file."""
        if self._writer is None:
            return None
        self._writer.close()
        return self._sink.getvalue()


def scored_rows(scored: Scored, *, typed: bool) -> pa.RecordBatch:
    """The input's columns and the scores.

    Where the input has types they are kept, else features have the model's. A column of the input that is called like
    one of ours gives way.
    """
    rows = scored.piece.rows
    columns = {name: rows.column(name) for name in rows.schema.names if name not in (SCORE, DECISION)}
    if not typed:
        columns |= {name: scored.features[name] for name in scored.features if name in columns}
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
