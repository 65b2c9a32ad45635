"""Every compared request as a row of a Parquet file."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from streams.replay.comparing import Compared
from streams.replay.errors import OutputNotWritten
from streams.replay.report import as_row

NAMED = pa.dictionary(pa.int32(), pa.string())
ANSWER = {"version": NAMED, "variant": NAMED, "score": pa.float64(), "decision": pa.bool_(), "reason": NAMED}
SCHEMA = pa.schema(
    {
        "source_partition": pa.int32(),
        "source_offset": pa.int64(),
        "request_id": pa.string(),
        "outcome": NAMED,
        "release": NAMED,
        **{f"then_{name}": kind for name, kind in ANSWER.items()},
        **{f"now_{name}": kind for name, kind in ANSWER.items()},
        "why": NAMED,
    }
)


class Output:
    """A file that is there once it is whole; None: nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._writer = path, None
        if path is None:
            return
        if path.exists():
            raise OutputNotWritten(path, "there is something already; name another file")
        self._partial = path.with_name(f".{path.name}.partial")
        try:
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        except OSError as error:
            raise OutputNotWritten(path, str(error)) from None

    def __enter__(self) -> "Output":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is None or self._path is None:
            return
        self._writer.close()
        if kind is None:
            self._partial.rename(self._path)
        else:
            self._partial.unlink(missing_ok=True)

    def add(self, compared: Sequence[Compared]) -> None:
        """Write some rows."""
        if self._writer is not None and compared:
            self._writer.write_table(pa.Table.from_pylist([as_row(one) for one in compared], SCHEMA))
