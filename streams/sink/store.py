"""What the sink writes to ClickHouse and reads back from it.

A range is inserted under a token made from it and marked done by its rows in `blocks`. After a failure the range that
was written down is repeated as it was, with the same token, so that a finished insert adds nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from headrace.clickhouse.client import ClickHouse
from streams.engine.failpoint import Failpoints
from streams.sink.columns import without
from streams.sink.ranges import Place, Range

LABELS = ".labels"
Columns = Mapping[str, Sequence[Any]]
# What tells rows apart: where they came from in Kafka. The offset stands last.
OF_PREDICTIONS = ("source_partition", "source_offset")
OF_LABELS = ("topic", "partition", "offset")
IDENTITY = {
    "rejections": ("source_topic", "source_partition", "source_offset"),
    "blocks": ("topic", "partition", "offset"),
    "events": ("topic", "partition", "offset"),
}
ATTEMPTS = 3
log = structlog.get_logger()


class SinkStore:
    """The sink's side of ClickHouse."""

    def __init__(self, clickhouse: ClickHouse, failpoints: Failpoints) -> None:
        self._clickhouse, self._failpoints = clickhouse, failpoints

    def last_done(self, place: Place) -> int:
        """Offset of the last log block that is wholly in ClickHouse; -1 when there is none."""
        return self._last("blocks", place)

    def last_event(self, place: Place) -> int:
        """Offset of the last event that is in ClickHouse; -1 when there is none."""
        return self._last("events", place)

    def last_label(self, place: Place) -> int:
        """Offset of the last label that is in ClickHouse; -1 when there is none."""
        return self._last(labels_table(place[0]), place)

    def task(self, topic: str) -> str | None:
        """The task of the model whose labels a topic carries; None where no such model was applied."""
        found = self._clickhouse.rows(
            "SELECT task FROM models FINAL WHERE model = %(model)s",
            {"model": topic.removesuffix(LABELS)},
            doing="reading a model's task",
        )
        return str(found[0][0]) if found else None

    def insert(
        self, span: Range, table: str, rows: Columns, rejections: Columns, blocks: Columns, *, again: bool = False
    ) -> None:
        """Insert a range's rows, then mark it done; to be repeated whole (again) as often as need be."""
        put = self._put_again if again else self._put
        put(span, table, rows)
        self._failpoints.passing("after_insert")
        put(span, "rejections", rejections)
        put(span, "blocks", blocks)
        self._failpoints.passing("after_done")

    def insert_events(self, span: Range, events: Columns, *, again: bool = False) -> None:
        """Insert events; one insert is both the rows and the mark that they are done."""
        (self._put_again if again else self._put)(span, "events", events)

    def _put(self, span: Range, table: str, columns: Columns) -> None:
        if _length(columns):
            self._clickhouse.insert(table, columns, token=span.token)

    def _put_again(self, span: Range, table: str, columns: Columns) -> None:
        """Insert what may be there already, and look whether it is.

        ClickHouse notes a token before the rows are in their place: killed in between, it takes a repeated insert for
        one that is done, and the rows would be lost. Whatever is missing goes in under the next token.
        """
        self._put(span, table, columns)
        identity = IDENTITY.get(table, OF_LABELS if table.endswith("_labels") else OF_PREDICTIONS)
        for attempt in range(1, ATTEMPTS):
            if not _length(missing := without(columns, identity, self._there(table, columns, identity))):
                return
            log.warning("token-without-rows", token=span.token, table=table, rows=_length(missing))
            self._clickhouse.insert(table, missing, token=f"{span.token}/{attempt}")

    def _there(self, table: str, columns: Columns, identity: Sequence[str]) -> set[tuple[Any, ...]]:
        """What of a range is in the table, each row as what tells it apart."""
        *shared, own = identity
        offsets: dict[tuple[Any, ...], list[int]] = {}
        for *source, offset in zip(*(columns[name] for name in identity), strict=True):
            offsets.setdefault(tuple(source), []).append(offset)
        same = " AND ".join(f"{name} = %({name})s" for name in shared)
        there: set[tuple[Any, ...]] = set()
        for place, of in offsets.items():
            found = self._clickhouse.rows(
                f"SELECT {own} FROM {table} WHERE {same} AND {own} BETWEEN %(least)s AND %(most)s",
                dict(zip(shared, place, strict=True)) | {"least": min(of), "most": max(of)},
                doing=f"looking for a range in {table}",
            )
            there |= {(*place, offset) for (offset,) in found}
        return there

    def insert_labels(self, span: Range, labels: Columns, *, again: bool = False) -> None:
        """Insert labels; one insert is both the rows and the mark that they are done."""
        (self._put_again if again else self._put)(span, labels_table(span.topic), labels)

    def _last(self, table: str, place: Place) -> int:
        query = f"SELECT max(offset), count() FROM {table} WHERE topic = %(topic)s AND partition = %(partition)s"
        (offset, count), *_ = self._clickhouse.rows(
            query, {"topic": place[0], "partition": place[1]}, doing=f"reading the last offset in {table}"
        )
        return int(offset) if count else -1


def labels_table(topic: str) -> str:
    """The table of a topic of labels."""
    return f"{topic.removesuffix(LABELS)}_labels"


def _length(columns: Columns) -> int:
    return len(next(iter(columns.values()), ()))
