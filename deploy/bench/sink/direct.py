"""The program that inserts directly: clickhouse-driver, columns that lie ready in memory, one insert after another.

It reads no Kafka, decodes nothing while the clock runs and writes down nothing of what it did.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from clickhouse_driver import Client

from deploy.bench.sink.blocks import read
from headrace.wire.logblock import FEATURE_PREFIX, LogHeader, decode_block

Columns = dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Where to, from which file, and how many rows an insert."""

    host: str
    port: int
    table: str
    blocks: str
    insert_rows: int


def main() -> None:
    """Make the columns ready, then insert all of them."""
    task = Task(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    ready = list(_inserts(task))
    client = Client(host=task.host, port=task.port, settings={"async_insert": 0})
    for number, columns in enumerate(ready):
        names = ", ".join(f"`{name}`" for name in columns)
        client.execute(
            f"INSERT INTO {task.table} ({names}) VALUES",
            list(columns.values()),
            columnar=True,
            settings={"insert_deduplication_token": f"direct/{number}"},
        )


def _inserts(task: Task) -> Iterator[Columns]:
    """As the sink cuts them: rows of one partition, at most so many."""
    runs: dict[int, list[tuple[LogHeader, pa.Table]]] = {}
    for data in read(Path(task.blocks)):
        header, table = decode_block(data)
        run = runs.setdefault(header.source_partition, [])
        if sum(part.num_rows for _, part in run) + table.num_rows > task.insert_rows and run:
            yield _columns(run)
            run.clear()
        run.append((header, table))
    yield from (_columns(run) for run in runs.values() if run)


def _columns(run: list[tuple[LogHeader, pa.Table]]) -> Columns:
    table = pa.concat_tables([part for _, part in run])
    header = run[0][0]
    columns = {name.removeprefix(FEATURE_PREFIX): _values(table[name]) for name in table.column_names}
    rows = table.num_rows
    return columns | {"source_partition": [header.source_partition] * rows, "release": [header.release] * rows}


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Instants as ticks, which the driver takes as they are."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


if __name__ == "__main__":
    main()
