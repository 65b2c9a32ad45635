"""The output as files: one Parquet file a part, created once."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.batch.errors import OutputUnusable
from headrace.batch.job import Part, Plan, Source, Written
from headrace.batch.outputs import rejected_name, scored_name
from headrace.registry.store import WriteOnce
from streams.batch.scoring import Scored
from streams.batch.sheet import SCORE, Sheet, rejected_rows, scored_rows
from streams.engine.failpoint import Failpoints


class Folder:
    """Gathers a part and puts it in place whole."""

    def __init__(self, plan: Plan, part: Part, source: Source, *, typed: bool, failpoints: Failpoints) -> None:
        self._plan, self._part, self._source = plan, part, source
        self._typed, self._failpoints = typed, failpoints
        self._scored, self._rejected = Sheet(), Sheet()
        self._seen = 0

    def add(self, scored: Scored) -> None:
        """Take the next piece."""
        self._scored.add(scored_rows(scored, typed=self._typed))
        if scored.reasons:
            self._rejected.add(rejected_rows(scored, self._source, self._part.first + self._seen))
        self._seen += scored.piece.rows.num_rows

    def put(self) -> tuple[Written | None, Written | None]:
        """The output and the rejected rows, where there are any; what an earlier attempt put there is adopted."""
        store = WriteOnce(self._plan.output, "output")
        self._failpoints.passing("batch_before_write")
        written = _put(store, scored_name(self._plan, self._part), self._scored)
        rejected = _put(store, rejected_name(self._plan, self._part), self._rejected)
        self._failpoints.passing("batch_after_write")
        return written, rejected


def _put(store: WriteOnce, name: str, sheet: Sheet) -> Written | None:
    content = sheet.content()
    if content is None:
        return None
    if not store.claim(name, content):
        there = store.read(name) or b""
        if not _same(there, content):
            raise OutputUnusable(f"{name} in {store.url} holds other rows than this part; name another output")
        content = there
    return Written(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _same(there: bytes, ours: bytes) -> bool:
    """Whether two files hold the same rows; other pieces or another library may have made other bytes of them."""
    if there == ours:
        return True
    try:
        theirs, own = (pq.ParquetFile(pa.BufferReader(one)) for one in (there, ours))
        if theirs.schema_arrow != own.schema_arrow or theirs.metadata.num_rows != own.metadata.num_rows:
            return False
        return SCORE not in own.schema_arrow.names or theirs.read([SCORE]).equals(own.read([SCORE]))
    except (pa.ArrowException, OSError):
        return False
