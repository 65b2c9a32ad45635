"""What the product relies on in ClickHouse, seen through clickhouse-driver: deduplication, durability, its SQL."""

from __future__ import annotations

import datetime

import pytest
from clickhouse_front import ClickHouseFront

UTC = datetime.UTC
WINDOW = "SETTINGS non_replicated_deduplication_window = 1000"
TOKEN = {"insert_deduplication_token": "flights/3/100-199", "async_insert": 0}


@pytest.fixture
def front(tmp_path):
    with ClickHouseFront(tmp_path / "data") as front:
        yield front


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("kind", ["MergeTree", "ReplacingMergeTree"])
def test_a_token_counts_once_also_after_a_restart(front, kind, end):
    with front.client() as client:
        client.execute(f"CREATE TABLE t (a UInt32) ENGINE = {kind} ORDER BY a {WINDOW}")
        client.execute("INSERT INTO t VALUES", [(1,), (2,)], settings=TOKEN)
        client.execute("INSERT INTO t VALUES", [(3,), (4,)], settings=TOKEN)
        assert client.execute("SELECT count(), sum(a) FROM t") == [(2, 3)]
    getattr(front, end)()
    front.start()
    with front.client(settings=TOKEN, compression=True) as client:
        client.execute("INSERT INTO t VALUES", [[5, 6]], columnar=True)
        assert client.execute("SELECT count(), sum(a) FROM t") == [(2, 3)]
    with front.client() as client:
        client.execute("INSERT INTO t VALUES", [(7,)], settings=TOKEN | {"insert_deduplication_token": "another"})
        assert client.execute("SELECT count(), sum(a) FROM t") == [(3, 10)]


def test_a_token_is_not_carried_over_to_the_next_insert_of_a_connection(front):
    with front.client() as client:
        client.execute(f"CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a {WINDOW}")
        client.execute("INSERT INTO t VALUES", [(1,)], settings=TOKEN)
        client.execute("INSERT INTO t VALUES", [(2,)], settings={"async_insert": 0})
        client.execute("INSERT INTO t VALUES", [(3,)], settings={"async_insert": 0})
        assert client.execute("SELECT count() FROM t") == [(3,)]


def test_a_token_may_stand_in_the_statement_too(front):
    with front.client() as client:
        client.execute(f"CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a {WINDOW}")
        for number in range(2):
            client.execute("INSERT INTO t SETTINGS insert_deduplication_token = 'x' VALUES", [(number,)])
        assert client.execute("SELECT * FROM t") == [(0,)]


def test_without_the_window_a_token_does_nothing(front):
    with front.client() as client:
        client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")
        for _ in range(2):
            client.execute("INSERT INTO t VALUES", [(1,)], settings=TOKEN)
        assert client.execute("SELECT count() FROM t") == [(2,)]


def test_what_was_acknowledged_is_there_again_after_kill_9(front):
    with front.client() as client:
        client.execute("CREATE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a")
        for start in range(0, 5000, 100):
            rows = [(n, str(n)) for n in range(start, start + 100)]
            client.execute("INSERT INTO t VALUES", rows, settings={"async_insert": 0})
        client.execute("ALTER TABLE t ADD COLUMN late Float64 DEFAULT 0.5")
        front.kill()
    front.start()
    with front.client() as client:
        assert client.execute("SELECT count(), uniqExact(a), sum(late) FROM t") == [(5000, 5000, 2500.0)]


def test_columns_can_be_added_and_looked_up(front):
    with front.client() as client:
        client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")
        client.execute("INSERT INTO t VALUES", [(1,)])
        for column in ("b Nullable(Float64)", "c Map(String, String)") * 2:
            client.execute(f"ALTER TABLE t ADD COLUMN IF NOT EXISTS {column}")
        client.execute("INSERT INTO t VALUES", [(2, 2.5, {"k": "v"})])
        assert client.execute("SELECT * FROM t ORDER BY a") == [(1, None, {}), (2, 2.5, {"k": "v"})]
        columns = client.execute(
            "SELECT name, type FROM system.columns "
            "WHERE database = currentDatabase() AND table = %(table)s ORDER BY position",
            {"table": "t"},
        )
    assert columns == [("a", "UInt32"), ("b", "Nullable(Float64)"), ("c", "Map(String, String)")]


def test_final_gives_the_newest_row_of_a_replacing_table(front):
    with front.client() as client:
        client.execute("CREATE TABLE t (id String, v UInt32, s String) ENGINE = ReplacingMergeTree(v) ORDER BY id")
        client.execute("INSERT INTO t VALUES", [("x", 2, "new"), ("y", 1, "only")])
        client.execute("INSERT INTO t VALUES", [("x", 1, "old")])
        assert client.execute("SELECT id, s FROM t FINAL ORDER BY id") == [("x", "new"), ("y", "only")]


def test_views_and_materialized_views_follow_inserts(front):
    with front.client() as client:
        client.execute("CREATE TABLE t (at DateTime('UTC'), n UInt32) ENGINE = MergeTree ORDER BY at")
        client.execute("CREATE VIEW v AS SELECT toStartOfMinute(at) AS minute, sum(n) AS n FROM t GROUP BY minute")
        client.execute(
            "CREATE MATERIALIZED VIEW m (minute DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64)) "
            "ENGINE = AggregatingMergeTree ORDER BY minute "
            "AS SELECT toStartOfMinute(at) AS minute, sum(n) AS n FROM t GROUP BY minute"
        )
        at = datetime.datetime(2013, 2, 3, 4, 5, tzinfo=UTC)
        client.execute("INSERT INTO t VALUES", [(at, 1), (at + datetime.timedelta(seconds=59), 2)])
        assert client.execute("SELECT * FROM v") == [(at, 3)]
        assert client.execute("SELECT minute, sum(n) FROM m GROUP BY minute") == [(at, 3)]


def test_a_failing_materialized_view_fails_the_insert(front):
    """Red when the engine's own streaming insert is used: it reports rows written whatever the table says."""
    with front.client() as client:
        client.execute("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a")
        client.execute("CREATE MATERIALIZED VIEW m ENGINE = MergeTree ORDER BY x AS SELECT throwIf(a = 3) AS x FROM t")
        client.execute("INSERT INTO t VALUES", [(1,)])
        with pytest.raises(Exception, match="395"):
            client.execute("INSERT INTO t VALUES", [(3,)])
        assert client.execute("SELECT count() FROM m") == [(1,)]


def test_the_engines_memory_is_bounded(front):
    """Without the limits it takes 90 % of the machine's memory, and its caches up to 15 GiB."""
    with front.client() as client:
        limits = client.execute(
            "SELECT name, toUInt64(value) FROM system.server_settings "
            "WHERE name IN ('max_server_memory_usage', 'mark_cache_size', 'primary_index_cache_size')"
        )
    assert {name: value >> 20 for name, value in limits} == {
        "max_server_memory_usage": 2048,
        "mark_cache_size": 64,
        "primary_index_cache_size": 64,
    }
