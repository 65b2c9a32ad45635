"""The local ClickHouse through an unmodified clickhouse-driver: hello, queries, settings, errors, many clients."""

from __future__ import annotations

import contextlib
import datetime
import socket
import threading
import time

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException
from clickhouse_driver.protocol import ServerPacketTypes
from clickhouse_front import ClickHouseFront, eventually

SLOW = "SELECT sum(sleepEachRow(0.02)) FROM numbers(100000) SETTINGS max_block_size = 1"
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'"


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    path = tmp_path_factory.mktemp("clickhouse")
    with ClickHouseFront(path, "--password-env", "FRONT_PASSWORD", FRONT_PASSWORD="right") as front:
        yield front


@pytest.fixture(params=[False, "lz4"], ids=["plain", "lz4"])
def client(front, request):
    with front.client(password="right", compression=request.param) as client:
        yield client


@pytest.fixture
def other(front):
    with front.client(password="right") as client:
        yield client


@pytest.mark.parametrize("login", [{}, {"password": "wrong"}, {"password": "right", "user": "root"}])
def test_a_wrong_user_or_password_is_refused_with_clickhouses_code(front, login):
    with front.client(**login) as client, pytest.raises(ServerException, match="Authentication failed") as refusal:
        client.execute("SELECT 1")
    assert refusal.value.code == 516


def test_the_database_named_at_hello_is_the_one_in_use(front, other):
    other.execute("CREATE DATABASE IF NOT EXISTS chosen")
    with front.client(password="right", database="chosen") as client:
        assert client.execute("SELECT currentDatabase()") == [("chosen",)]
    with front.client(password="right", database="nowhere") as client, pytest.raises(ServerException) as refusal:
        client.execute("SELECT 1")
    assert refusal.value.code == 81


def test_hello_tells_the_engines_version_and_the_zone_utc(client):
    version = ".".join(map(str, client.execute("SELECT version()")[0][0].split(".")[:3]))
    told = client.connection.server_info
    assert version == f"{told.version_major}.{told.version_minor}.{told.version_patch}"
    assert told.timezone == "UTC"


def test_ping_is_answered_before_between_and_after_queries(client):
    client.connection.connect()
    assert client.connection.ping()
    client.execute("SELECT 1")
    assert client.connection.ping()


def test_a_select_gives_rows_with_the_full_names_of_types(client):
    sql = "SELECT toDateTime('2020-02-03 04:05:06', 'UTC') AS at, toNullable('ä') AS name, number FROM numbers(2)"
    rows, columns = client.execute(sql, with_column_types=True)
    assert columns == [("at", "DateTime('UTC')"), ("name", "Nullable(String)"), ("number", "UInt64")]
    at = datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    assert rows == [(at, "ä", 0), (at, "ä", 1)]


def test_a_select_without_rows_still_tells_its_columns(client):
    rows, columns = client.execute("SELECT now('UTC') AS at, 'x' AS x WHERE 0", with_column_types=True)
    assert (rows, columns) == ([], [("at", "DateTime('UTC')"), ("x", "String")])


@pytest.mark.parametrize(
    "sql",
    ["-- why\nSELECT 1", "/* why */ SELECT 1;", "(SELECT 1)", "SELECT 1 FORMAT JSONEachRow", "WITH 1 AS x SELECT x"],
)
def test_the_ways_to_write_a_select_are_understood(client, sql):
    assert client.execute(sql) == [(1,)]


def test_statements_that_cannot_be_streamed_give_their_rows_too(client):
    client.execute("CREATE TABLE IF NOT EXISTS shown (a Int8, at DateTime('UTC')) ENGINE = Memory")
    assert ("shown",) in client.execute("SHOW TABLES")
    assert [row[:2] for row in client.execute("DESCRIBE shown")] == [("a", "Int8"), ("at", "DateTime('UTC')")]
    assert client.execute("EXISTS shown") == [(1,)]
    assert client.execute("INSERT INTO shown VALUES (1, 0), (2, 0)") == []
    assert client.execute("SELECT sum(a) FROM shown") == [(3,)]
    assert client.execute("DROP TABLE shown") == []


@pytest.mark.parametrize(
    ("sql", "code", "text"),
    [
        ("SELECT * FROM nowhere", 60, "nowhere"),
        ("SELEC 1", 62, "position 1"),
        ("SELECT nope", 47, "nope"),
        ("SELECT throwIf(number = 300000, 'too far') FROM numbers(1000000)", 395, "too far"),
        ("INSERT INTO nowhere VALUES", 60, "nowhere"),
        ("DROP TABLE nowhere", 60, "nowhere"),
    ],
)
def test_an_error_carries_clickhouses_code_and_text(client, sql, code, text):
    with pytest.raises(ServerException, match=text) as error:
        client.execute(sql, [(1,)] if sql.endswith("VALUES") else None)
    assert error.value.code == code
    assert client.execute("SELECT 2") == [(2,)]


def test_the_connection_itself_goes_on_after_an_error(client):
    connection = client.get_connection()
    for sql in ("SELECT nope", "SELECT throwIf(number = 300000) FROM numbers(1000000)", "INSERT INTO nowhere VALUES"):
        assert ask(connection, sql).type == ServerPacketTypes.EXCEPTION
        assert connection.ping()


def test_a_setting_holds_for_its_query_only(client):
    read = "SELECT getSetting('max_threads'), getSetting('insert_deduplication_token')"
    before = client.execute(read)
    assert client.execute(read, settings={"max_threads": 3, "insert_deduplication_token": "it's \\"}) == [
        (3, "it's \\")
    ]
    assert client.execute(read, settings={"max_threads": 5}) == [(5, "")]
    assert client.execute(read) == before


def test_a_setting_with_a_bad_value_fails_every_time_and_then_is_forgotten(client):
    connection = client.get_connection()
    for _ in range(2):
        connection.context.settings = {"max_block_size": 7, "max_threads": "abc"}
        assert "abc" in str(ask(connection, "SELECT 1").exception)
    connection.context.settings = {}
    assert ask(connection, "SELECT throwIf(getSetting('max_block_size') = 7)").type == ServerPacketTypes.END_OF_STREAM


def test_an_unknown_setting_is_an_error_only_when_it_is_important(front, client):
    assert client.execute("SELECT 1", settings={"no_such_setting": 1}) == [(1,)]
    with front.client(password="right", settings_is_important=True) as strict:
        with pytest.raises(ServerException, match="no_such_setting") as error:
            strict.execute("SELECT 1", settings={"no_such_setting": 1})
        assert error.value.code == 115
        assert strict.execute("SELECT 1") == [(1,)]


def test_progress_comes_to_its_end(client):
    progress = client.execute_with_progress("SELECT sum(number) FROM numbers(1000000)")
    seen = list(progress)
    assert seen[-1][0] == 1000000
    assert progress.get_result() == [(499999500000,)]


def test_rows_can_be_taken_one_by_one(client):
    rows = client.execute_iter("SELECT number, toString(number) FROM numbers(300000)", chunk_size=1000)
    assert sum(len(chunk) for chunk in rows) == 300000


def test_a_query_id_is_accepted(client):
    assert client.execute("SELECT 1", query_id="mine") == [(1,)]


def test_cancel_in_the_middle_of_rows_leaves_a_usable_connection(client):
    rows = client.execute_iter("SELECT number FROM numbers(1000000000)")
    assert next(rows) == (0,)
    client.cancel()
    assert client.execute("SELECT 1") == [(1,)]


def test_cancel_ends_a_long_query_that_has_given_nothing_yet(client, other):
    client.execute("SELECT 1")
    client.connection.send_query(SLOW)
    client.connection.send_external_tables([])
    eventually(lambda: other.execute(RUNNING) == [(1,)])
    client.cancel()
    assert other.execute(RUNNING) == [(0,)]
    assert client.execute("SELECT 1") == [(1,)]


def test_a_client_that_leaves_ends_its_long_query_and_nobody_waits_for_it(front, other):
    leaving = front.client(password="right")
    leaving.execute("SELECT 1")
    leaving.connection.send_query(SLOW)
    leaving.connection.send_external_tables([])
    eventually(lambda: other.execute(RUNNING) == [(1,)])
    leaving.connection.socket.shutdown(socket.SHUT_RDWR)
    leaving.disconnect()
    eventually(lambda: other.execute(RUNNING) == [(0,)])


def test_a_client_that_does_not_read_its_rows_holds_nobody_up(front, other):
    stuck = front.client(password="right")
    rows = stuck.execute_iter("SELECT number FROM numbers(1000000000)")
    next(rows)
    for _ in range(50):
        assert other.execute("SELECT 1") == [(1,)]
    stuck.disconnect()


def test_clients_work_at_the_same_time(front, other):
    other.execute("CREATE TABLE shared (who UInt8, n UInt32) ENGINE = MergeTree ORDER BY (who, n)")
    faults = []

    def work(who: int) -> None:
        try:
            with front.client(password="right", compression=bool(who % 2)) as client:
                for turn in range(10):
                    client.execute("INSERT INTO shared VALUES", [(who, turn * 100 + n) for n in range(100)])
                    assert client.execute(f"SELECT count() FROM shared WHERE who = {who}") == [((turn + 1) * 100,)]
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert other.execute("SELECT count(), uniqExact(who, n) FROM shared") == [(8000, 8000)]


def test_a_slow_query_does_not_slow_the_next_client_down(front, other):
    slow = threading.Thread(target=_ignoring_its_end, args=(front.client(password="right"),))
    slow.start()
    eventually(lambda: other.execute(RUNNING) == [(1,)])
    started = time.monotonic()
    with front.client(password="right") as quick:
        assert quick.execute("SELECT 1") == [(1,)]
    assert time.monotonic() - started < 1
    assert other.execute(RUNNING) == [(1,)]
    other.execute("KILL QUERY WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%KILL%' SYNC")
    slow.join()


def _ignoring_its_end(client: Client) -> None:
    with client, contextlib.suppress(ServerException):
        client.execute(SLOW)


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 40, b"\xff" * 4000, b""])
def test_what_is_not_the_protocol_is_turned_away_and_nobody_else_notices(front, other, noise):
    with socket.create_connection(("127.0.0.1", front.port), timeout=5) as stranger:
        stranger.sendall(noise)
        stranger.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):  # it may not have read everything
            while stranger.recv(4096):
                pass
    assert other.execute("SELECT 1") == [(1,)]


def test_tables_sent_along_with_a_query_are_refused_in_words(client):
    table = {"name": "mine", "structure": [("x", "Int32")], "data": [{"x": 1}]}
    with pytest.raises(ServerException, match="External tables") as error:
        client.execute("SELECT * FROM mine", external_tables=[table])
    assert error.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]


def test_a_client_that_loses_its_place_is_told_and_sent_away(front, other):
    other.execute("CREATE TABLE place (a Int8) ENGINE = MergeTree ORDER BY a")
    with front.client(password="right") as client:
        connection = client.get_connection()
        assert ask(connection, "INSERT INTO place VALUES", until=ServerPacketTypes.DATA).block is not None
        connection.socket.sendall(b"\x09 and so on")
        assert connection.receive_packet().exception.code == 101
        with pytest.raises(EOFError):
            connection.receive_packet()
    assert other.execute("SELECT count() FROM place") == [(0,)]


def ask(connection, sql, until=None):
    """Send a query on the driver's connection, which the driver itself would give up after an error."""
    last = {until, ServerPacketTypes.EXCEPTION, ServerPacketTypes.END_OF_STREAM}
    connection.send_query(sql)
    connection.send_external_tables([])
    while (packet := connection.receive_packet()).type not in last:
        pass
    return packet
