"""Answers as JSON: the fields of the Avro record, times as ISO-8601 text in UTC."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

TIMES = {"event_time": "ms", "scored_at": "us"}


class _Answer(msgspec.Struct, gc=False):
    request_id: str
    status: str
    reason: str | None
    model: str
    version: str
    variant: str
    release: str
    scores: tuple[float, ...]
    decision: bool | None
    flags: tuple[str, ...]
    source_partition: int
    source_offset: int
    event_time: str | None
    scored_at: str


def json_answers(columns: Mapping[str, Any], n: int) -> list[bytes]:
    """N answers from the columns of Answers.columns."""
    encode = msgspec.json.Encoder().encode
    cells = [_cells(name, columns[name], n) for name in _Answer.__struct_fields__]
    return [encode(_Answer(*row)) for row in zip(*cells, strict=True)]


def _cells(name: str, value: Any, n: int) -> Any:
    if name in TIMES:
        return _times(value, n, TIMES[name])
    if not isinstance(value, pa.Array):
        return [value] * n
    if name == "scores":
        return [(score,) for score in value.to_pylist()]
    return value.to_pylist()


def _times(value: Any, n: int, unit: str) -> list[str | None]:
    if not isinstance(value, pa.Array):
        return _texts(np.array([value], np.int64), unit) * n
    ticks = value if pa.types.is_int64(value.type) else value.cast(pa.timestamp(unit, tz="UTC")).view(pa.int64())
    texts = _texts(ticks.fill_null(0).to_numpy(), unit)
    if not ticks.null_count:
        return texts
    return [text if valid else None for text, valid in zip(texts, ticks.is_valid().to_pylist(), strict=True)]


def _texts(ticks: Any, unit: Any) -> list[str | None]:
    return np.datetime_as_string(ticks.view(f"M8[{unit}]"), unit=unit, timezone="UTC").tolist()  # type: ignore[no-any-return]
