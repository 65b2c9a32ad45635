"""Records of any values as columns of text, which the model's features are made of as from a CSV."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import pyarrow as pa

from headrace.batch.formats.piece import GUESSED_BYTES, Columns, Piece
from headrace.wire.reasons import Code

Decode = Callable[[Any], Mapping[str, Any]]
LONGEST_ORIGINAL = 10_000


def text_columns(names: Sequence[str]) -> Columns:
    """Columns of a source whose values are all text."""
    schema = pa.schema([(name, pa.string()) for name in names])
    return Columns(schema=schema, typed=False, row_bytes=GUESSED_BYTES * len(names))


def of_records(raw: Sequence[bytes], decode: Decode, names: Sequence[str]) -> Piece:
    """One row a record; one that cannot be decoded is spoilt."""
    records: list[Mapping[str, Any]] = []
    spoilt: dict[int, str] = {}
    for row, one in enumerate(raw):
        try:
            records.append(decode(one))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            records.append({})
            spoilt[row] = Code.MALFORMED.because(str(error))
    original = {row: raw[row][:LONGEST_ORIGINAL].decode("utf-8", "replace") for row in spoilt}
    return Piece(rows=as_text(records, names), spoilt=spoilt, original=original)


def as_text(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pa.RecordBatch:
    """Text stays, null too; all else becomes what JSON writes for it."""
    columns = {name: pa.array([_text(record.get(name)) for record in records], pa.string()) for name in names}
    return pa.RecordBatch.from_pydict(columns)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return msgspec.json.encode(value).decode()
