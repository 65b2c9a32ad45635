"""What the sink writes to ClickHouse and reads back from it.

A range is written down (intent), inserted under a token made from it, and marked done by its rows in `blocks`. After a
crash the open intent is repeated with the very same range and token, so that a finished insert adds nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from headrace.clickhouse.client import ClickHouse
from streams.engine.failpoint import Failpoints
from streams.sink.ranges import Place, Range

LABELS = ".labels"
Columns = Mapping[str, Sequence[Any]]


class SinkStore:
    """The sink's side of ClickHouse."""

    def __init__(self, clickhouse: ClickHouse, worker: str, failpoints: Failpoints) -> None:
        self._clickhouse, self._worker, self._failpoints = clickhouse, worker, failpoints

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

    def open_intents(self, place: Place) -> list[Range]:
        """Ranges that were about to be inserted and are not known to be done, oldest first."""
        topic, partition = place
        found = self._clickhouse.rows(
            "SELECT first_offset, last_offset FROM intents FINAL "
            "WHERE topic = %(topic)s AND partition = %(partition)s AND first_offset > %(done)s ORDER BY written_at",
            {"topic": topic, "partition": partition, "done": self.last_done(place)},
            doing="reading open intents",
        )
        return [Range(topic=topic, partition=partition, first=first, last=last) for first, last in found]

    def intend(self, span: Range) -> None:
        """Write down what is about to be inserted."""
        row: Columns = {
            "topic": [span.topic],
            "partition": [span.partition],
            "first_offset": [span.first],
            "last_offset": [span.last],
            "worker": [self._worker],
            "written_at": [datetime.now(UTC)],
        }
        self._clickhouse.insert("intents", row)
        self._failpoints.passing("after_intent")

    def insert(self, span: Range, table: str, rows: Columns, rejections: Columns, blocks: Columns) -> None:
        """Insert a range's rows, then mark it done; to be repeated whole as often as need be."""
        if _length(rows):
            self._clickhouse.insert(table, rows, token=span.token)
        self._failpoints.passing("after_insert")
        if _length(rejections):
            self._clickhouse.insert("rejections", rejections, token=span.token)
        self._clickhouse.insert("blocks", blocks, token=span.token)
        self._failpoints.passing("after_done")

    def insert_events(self, span: Range, events: Columns) -> None:
        """Insert events; one insert is both the rows and the mark that they are done."""
        self._clickhouse.insert("events", events, token=span.token)

    def insert_labels(self, span: Range, labels: Columns) -> None:
        """Insert labels; one insert is both the rows and the mark that they are done."""
        self._clickhouse.insert(labels_table(span.topic), labels, token=span.token)

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
