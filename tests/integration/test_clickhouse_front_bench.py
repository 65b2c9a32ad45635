"""Figures of the local ClickHouse, printed and never asserted: start, latency, inserts, reads, memory, idle CPU."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import numpy as np
import pytest
from clickhouse_front import ClickHouseFront

ROWS = 100_000
COLUMNS = {
    **{f"f{n}": "Float64" for n in range(6)},
    **{f"i{n}": "Int64" for n in range(3)},
    "at": "DateTime64(3)",
    "carrier": "LowCardinality(String)",
    "id": "String",
}


@pytest.fixture
def front(tmp_path):
    started = time.perf_counter()
    with ClickHouseFront(tmp_path) as front:
        print(f"\nstart to ready: {time.perf_counter() - started:.2f} s; {memory(front)}")
        yield front


@pytest.mark.bench
@pytest.mark.parametrize("compression", [False, "lz4"])
def test_figures(front, compression):
    with front.client(compression=compression, settings={"async_insert": 0}) as client:
        print(f"compression {compression}")
        print(f"  select 1: {median(lambda: client.execute('SELECT 1'), 200) * 1e3:.2f} ms")
        described = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        client.execute(f"CREATE TABLE t ({described}, zoned DateTime('UTC') DEFAULT 0) ENGINE = MergeTree ORDER BY i0")
        sql, data = f"INSERT INTO t ({', '.join(COLUMNS)}) VALUES", columns()
        rate("insert", median(lambda: client.execute(sql, data, columnar=True), 10))
        print(f"  after 1,000,000 rows inserted: {memory(front)}")
        names = ", ".join(COLUMNS)
        rate("select", median(lambda: client.execute(f"SELECT {names} FROM t LIMIT {ROWS}", columnar=True), 5))
        rate("select, zoned", median(lambda: client.execute(f"SELECT {names}, zoned FROM t LIMIT {ROWS}"), 5))
        small = median(lambda: client.execute(sql, [column[:1] for column in data], columnar=True), 50)
        print(f"  insert of one row: {small * 1e3:.2f} ms; {memory(front)}")
    before, seconds = cpu(front), 5
    select.select([], [], [], seconds)
    print(f"  idle: {(cpu(front) - before) / seconds:.2%} of a core; {memory(front)}")


def columns() -> list[list[object]]:
    chance = np.random.default_rng(1)
    floats = [chance.random(ROWS) for _ in range(6)]
    integers = [chance.integers(0, 1 << 40, ROWS) for _ in range(3)]
    at = np.arange(ROWS)
    carrier = np.array(["UA", "AA", "DL", "B6"], dtype=object)[chance.integers(0, 4, ROWS)]
    numbers = [column.tolist() for column in (*floats, *integers, at, carrier)]
    return [*numbers, [f"flight-{n}" for n in range(ROWS)]]


def median(call, times: int) -> float:
    """Return the median of so many calls, in seconds."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        took.append(time.perf_counter() - started)
    return sorted(took)[times // 2]


def rate(what: str, seconds: float) -> None:
    print(f"  {what}: {ROWS:,} rows x {len(COLUMNS)} columns in {seconds * 1e3:.0f} ms, {ROWS / seconds:,.0f} rows/s")


def memory(front: ClickHouseFront) -> str:
    lines = Path(f"/proc/{front.process.pid}/status").read_text().splitlines()
    own = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return f"{own['VmRSS']} MB resident, {own['RssAnon']} MB of it not shared with the file of the engine"


def cpu(front: ClickHouseFront) -> float:
    fields = Path(f"/proc/{front.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
