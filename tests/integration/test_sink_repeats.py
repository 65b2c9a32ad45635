"""Ranges that the sink repeats, on the real engine after it was killed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from clickhouse_front import ClickHouseFront

from headrace.clickhouse.client import ClickHouse, ClickHouseAddress, statements
from headrace.clickhouse.ddl import shared_script
from streams.engine.failpoint import Failpoints
from streams.sink.ranges import Range
from streams.sink.store import SinkStore

SPAN = Range(topic="toy.logs", partition=1, first=4, last=6)
TABLE = "CREATE TABLE toy_predictions (source_partition Int32, source_offset Int64) ENGINE = ReplacingMergeTree \
ORDER BY (source_partition, source_offset) SETTINGS non_replicated_deduplication_window = 100"


class Engine:
    """The real engine, and what the sink writes to it."""

    def __init__(self, front: ClickHouseFront) -> None:
        self._front = front
        self.connect()
        for statement in [*statements(shared_script()), TABLE]:
            self.clickhouse.run(statement, doing="making tables")

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.clickhouse.close()

    def connect(self) -> None:
        self.clickhouse = ClickHouse(ClickHouseAddress(host="127.0.0.1", port=self._front.port))
        self.store = SinkStore(self.clickhouse, Failpoints())

    def killed_with_tokens_noted_and_no_rows(self) -> None:
        """As a kill between an insert's two last steps leaves the files: it notes the token, then moves the rows."""
        parts = "SELECT path FROM system.parts WHERE active AND table IN ('toy_predictions', 'rejections', 'blocks')"
        folders = [Path(path) for (path,) in self.clickhouse.rows(parts)]
        self.clickhouse.close()
        self._front.kill()
        for folder in folders:
            shutil.rmtree(folder)
        self._front.start()
        self.connect()

    def insert(self, *, again: bool) -> None:
        self.store.insert(SPAN, "toy_predictions", *columns(), again=again)

    def offsets(self, table: str, column: str) -> list[int]:
        return [offset for (offset,) in self.clickhouse.rows(f"SELECT {column} FROM {table} ORDER BY {column}")]


def columns() -> list[dict[str, Any]]:
    """Rows, rejections and blocks of the range."""
    place = {"topic": ["toy.logs"] * 3, "partition": [1] * 3, "offset": [4, 5, 6]}
    return [
        {"source_partition": [1, 1, 4], "source_offset": [40, 50, 40]},
        {"source_topic": ["toy.requests"], "source_partition": [1], "source_offset": [52], "reason": ["malformed: x"]},
        place,
    ]


def test_rows_that_the_engine_lost_and_takes_for_inserted_are_inserted(tmp_path: Path) -> None:
    """Seen to fail with a repeat that relies on the token: nothing was there, and nothing was added."""
    with ClickHouseFront(tmp_path / "data") as front, Engine(front) as engine:
        engine.insert(again=False)
        engine.killed_with_tokens_noted_and_no_rows()
        assert engine.store.last_done(SPAN.place) == -1
        engine.insert(again=False)
        assert engine.offsets("toy_predictions", "source_offset") == [], "the engine has mended it; then so may we"
        engine.insert(again=True)
        engine.insert(again=True)
        assert engine.offsets("toy_predictions", "source_offset") == [40, 40, 50]
        assert engine.offsets("rejections", "source_offset") == [52]
        assert engine.offsets("blocks", "offset") == [4, 5, 6]
        assert engine.store.last_done(SPAN.place) == 6


@pytest.mark.parametrize("again", [False, True])
def test_a_range_that_is_there_is_not_added_to(tmp_path: Path, again: bool) -> None:
    with ClickHouseFront(tmp_path / "data") as front, Engine(front) as engine:
        engine.insert(again=False)
        engine.insert(again=again)
        assert engine.offsets("toy_predictions", "source_offset") == [40, 40, 50]
        assert engine.offsets("blocks", "offset") == [4, 5, 6]
