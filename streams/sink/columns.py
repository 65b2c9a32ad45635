"""Columns for ClickHouse out of log blocks, labels and events; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.clickhouse.coded import Coded
from headrace.clickhouse.values import values
from headrace.wire.label import Label
from headrace.wire.logblock import FEATURE_PREFIX, LogHeader

Columns = dict[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBlock:
    """A log block and where it stood."""

    topic: str
    partition: int
    offset: int
    header: LogHeader
    table: pa.Table

    @property
    def rows(self) -> int:
        """Rows to insert."""
        return int(self.table.num_rows)

    @property
    def shape(self) -> tuple[str, ...]:
        """The columns that the rows have."""
        return tuple(self.table.column_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    """A label, fit or not, and where it stood."""

    topic: str
    partition: int
    offset: int
    label: Label
    received_ms: int
    original: bytes
    rows: int = 1
    shape: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEvent:
    """A release, a candidate, a status or an alert, and where it stood."""

    topic: str
    partition: int
    offset: int
    model: str
    event: str
    happened_ms: int
    body: str
    rows: int = 1
    shape: None = None


def prediction_columns(blocks: Sequence[PlacedBlock]) -> Columns:
    """The rows of all blocks, which are of one shape, for M_predictions."""
    table = pa.concat_tables([block.table for block in blocks])
    columns: Columns = {name.removeprefix(FEATURE_PREFIX): _values(name, table[name]) for name in table.column_names}
    rows = [block.rows for block in blocks]
    sources = np.array([block.header.source_partition for block in blocks], np.int32)
    releases = Coded.of(pa.array([block.header.release for block in blocks], pa.string()))
    return columns | {"source_partition": np.repeat(sources, rows).data, "release": releases.repeated(rows)}


def _values(name: str, column: pa.ChunkedArray) -> Sequence[Any]:
    """All text but what tells requests apart is of few values, as the table has it too."""
    few = pa.types.is_string(column.type) and name not in ("request_id", "entity")
    return Coded.of(column) if few else values(column)


def block_columns(blocks: Sequence[PlacedBlock]) -> Columns:
    """One row a block: its header."""
    own = ("model", "source_topic", "source_partition", "first_offset", "last_offset", "previous_last_offset")
    counts = ("received", "answered", "rejected", "unidentified", "logged", "versions")
    columns: Columns = {
        "topic": [block.topic for block in blocks],
        "partition": [block.partition for block in blocks],
        "offset": [block.offset for block in blocks],
    }
    told = (*own, *counts, "release", "pinned", "worker", "scored_at")
    return columns | {name: [getattr(block.header, name) for block in blocks] for name in told}


def rejection_columns(blocks: Sequence[PlacedBlock]) -> Columns:
    """One row for each request that was not scored."""
    found = [(block.header, *reject) for block in blocks for reject in block.header.rejects]
    return {
        "model": [header.model for header, *_ in found],
        "source_topic": [header.source_topic for header, *_ in found],
        "source_partition": [header.source_partition for header, *_ in found],
        "source_offset": [offset for _, offset, _, _ in found],
        "request_id": [request_id for _, _, request_id, _ in found],
        "reason": [reason for *_, reason in found],
        "worker": [header.worker for header, *_ in found],
        "scored_at": [header.scored_at for header, *_ in found],
    }


def label_columns(placed: Sequence[PlacedLabel]) -> Columns:
    """One row a label; the bytes are kept of those that are unfit."""
    own: Columns = {name: [getattr(one, name) for one in placed] for name in ("topic", "partition", "offset")}
    return own | {
        "request_id": [one.label.request_id for one in placed],
        "label": [one.label.value for one in placed],
        "label_time": [one.label.label_time for one in placed],
        "reason": [one.label.reason for one in placed],
        "received_at": [one.received_ms for one in placed],
        "original": [one.original if one.label.reason else b"" for one in placed],
    }


def event_columns(events: Sequence[PlacedEvent]) -> Columns:
    """One row an event."""
    own = ("topic", "partition", "offset", "model", "event", "body")
    columns: Mapping[str, Sequence[Any]] = {name: [getattr(event, name) for event in events] for name in own}
    return dict(columns) | {"happened_at": [event.happened_ms for event in events]}


def without(columns: Mapping[str, Sequence[Any]], names: Sequence[str], there: Collection[tuple[Any, ...]]) -> Columns:
    """The rows whose values in these columns are none of these."""
    values = zip(*(columns[name] for name in names), strict=True)
    keep = [row for row, value in enumerate(values) if value not in there]
    return {each: [data[row] for row in keep] for each, data in columns.items()}
