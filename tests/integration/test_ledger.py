"""The ledger, counted from a real broker and the real engine; every way of being wrong is written by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_world import LedgerWorld

from headrace import topics
from headrace.kafka.errors import TopicMissing
from headrace.ledger.counting import add_up
from headrace.ledger.deep import DeepCount
from headrace.ledger.errors import NotApplied
from headrace.ledger.facts import BlockSums
from headrace.ledger.ledger import Ledger
from headrace.ledger.report import LedgerReport
from headrace.ledger.sums import ClickHouseSums


@pytest.fixture
def world(kafka: str, clickhouse: tuple[str, int]) -> Iterator[LedgerWorld]:
    made = LedgerWorld(kafka, clickhouse)
    yield made
    made.close()


def waits(world: LedgerWorld) -> None:
    """A committed transaction is seen once its markers are written, a moment after commit returns."""
    deadline = time.monotonic() + 30
    while not world.count().total.waiting:
        assert time.monotonic() < deadline, "nothing waits"


def words(report: LedgerReport) -> list[str]:
    return [str(fault) for fault in report.faults]


def test_a_model_without_requests_has_nothing_unaccounted(world: LedgerWorld) -> None:
    report = world.count(deep=True)
    assert (report.unaccounted, report.settled, len(report.partitions)) == (0, True, 2)


def test_a_whole_ledger_adds_up_over_partitions(world: LedgerWorld) -> None:
    for partition in (0, 1):
        world.request(30, partition)
        world.block(0, 9, partition=partition)
        world.block(10, 19, partition=partition, rejected=[11, 12], unidentified=[13])
        world.take(20, partition)
    report = world.count()
    assert report.unaccounted == 0, words(report)
    total = report.total
    assert (total.received, total.answered, total.ok, total.rejected, total.unidentified) == (40, 38, 34, 6, 2)
    assert (total.logged, total.rows, total.waiting, total.on_the_way) == (34, 34, 20, 0)
    assert [line.waiting for line in report.partitions] == [10, 10]


def test_a_lost_block_is_named_by_its_requests(world: LedgerWorld) -> None:
    world.block(0, 9, partition=1)
    world.block(25, 29, partition=1)
    report = world.count()
    assert words(report) == ["partition 1: requests 10–24 have no block"]
    assert report.unaccounted == 15


def test_a_lost_first_block_is_named(world: LedgerWorld) -> None:
    world.block(10, 19)
    assert words(world.count()) == ["partition 0: requests 0–9 have no block"]


def test_a_lost_block_whose_rows_are_there_leaves_rows_that_nothing_vouches_for(world: LedgerWorld) -> None:
    world.block(0, 9)
    world.rows(range(10, 20))
    world.block(20, 29)
    assert words(world.count()) == [
        "partition 0: requests 10–19 have no block",
        "partition 0: rows: blocks logged 20, ClickHouse holds 30",
    ]


def test_holes_that_transactions_leave_in_the_offsets_are_no_loss(world: LedgerWorld) -> None:
    world.block(0, 9, received=8, answered=8, logged=8, rows=[0, 1, 2, 3, 4, 7, 8, 9])
    world.block(12, 14, previous=9)
    report = world.count()
    assert report.unaccounted == 0, words(report)


def test_an_overlap_of_blocks_is_named(world: LedgerWorld) -> None:
    world.block(0, 19)
    world.block(15, 29, rows=range(20, 30), received=15)
    report = world.count()
    assert "partition 0: requests 15–19 in two blocks" in words(report)


def test_a_block_that_came_twice_is_named(world: LedgerWorld) -> None:
    world.block(0, 9)
    world.block(10, 19)
    world.block(10, 19, rows=[])
    report = world.count()
    assert words(report) == [
        "partition 0: requests 10–19 in two blocks",
        "partition 0: rows: blocks logged 30, ClickHouse holds 20",
    ]


def test_a_blocks_row_that_was_inserted_twice_is_one_block(world: LedgerWorld) -> None:
    world.clickhouse.run("SYSTEM STOP MERGES blocks", doing="keeping what is raw")
    world.block(0, 9)
    numbers = {"received": 10, "answered": 10, "rejected": 0, "unidentified": 0, "logged": 10}
    world.header(0, 0, 9, -1, again=True, **numbers)
    for deep in (False, True):
        assert world.count(deep=deep).total.received == 10
    world.clickhouse.run("SYSTEM START MERGES blocks", doing="merging again")


def test_a_block_inside_another_does_not_make_the_next_look_like_a_gap(world: LedgerWorld) -> None:
    world.block(0, 99, rows=[])
    world.block(10, 19, rows=[])
    world.block(100, 109, rows=[])
    chain = [each for each in words(world.count()) if "rows" not in each]
    assert chain == ["partition 0: requests 10–19 in two blocks"]


def test_a_header_that_contradicts_itself_is_named(world: LedgerWorld) -> None:
    world.block(0, 9)
    world.block(10, 19, previous=12)
    assert words(world.count()) == ["partition 0: the block of requests 10–19 says that it follows request 12"]


def test_missing_rows_are_counted(world: LedgerWorld) -> None:
    world.block(0, 9, rows=[0, 1, 2, 3, 4, 5, 6])
    report = world.count()
    assert (report.unaccounted, words(report)) == (3, ["partition 0: rows: blocks logged 10, ClickHouse holds 7"])


def test_missing_rejections_are_counted(world: LedgerWorld) -> None:
    world.block(0, 9, rejected=[3], unidentified=[4], rejections=[3])
    report = world.count()
    assert (report.unaccounted, words(report)) == (1, ["partition 0: rejections: blocks counted 2, ClickHouse holds 1"])


def test_an_ok_answer_that_was_not_logged_is_counted(world: LedgerWorld) -> None:
    world.block(0, 9, logged=9, rows=range(9))
    assert words(world.count()) == ["partition 0: ok answers and logged rows without a counterpart: 1"]


def test_two_wrong_blocks_do_not_make_one_right_sum(world: LedgerWorld) -> None:
    world.block(0, 9, received=11)
    world.block(10, 19, received=9)
    report = world.count()
    assert words(report) == ["partition 0: requests neither answered nor unidentified: 2"]
    assert report.unaccounted == 2


def test_rows_behind_the_last_block_are_on_the_way_and_not_wrong(world: LedgerWorld) -> None:
    world.request(20)
    world.take(20)
    world.block(0, 9)
    world.rows(range(10, 15))
    report = world.count()
    assert (report.unaccounted, report.total.on_the_way, report.total.rows) == (0, 10, 10)


def test_a_row_inserted_twice_is_a_raw_duplicate_only(world: LedgerWorld) -> None:
    world.clickhouse.run(f"SYSTEM STOP MERGES {world.model}_predictions", doing="keeping what is raw")
    world.block(0, 9)
    world.rows([4, 5], score=0.75)
    world.rows([6], scored_at=datetime(2026, 2, 1, 0, 0, 1, tzinfo=UTC))
    report = world.count()
    assert (report.total.duplicates_raw, report.total.duplicates, report.unaccounted) == (3, 0, 0)


def test_taken_requests_whose_block_never_comes_are_unaccounted_when_the_time_is_over(world: LedgerWorld) -> None:
    world.request(20)
    world.take(20)
    world.block(0, 9)
    assert world.count().unaccounted == 0
    report = world.ledger.settle(0.3)
    assert words(report) == ["partition 0: requests 10–19 taken, but no block of them has come to ClickHouse"]
    assert report.unaccounted == 10


def test_waiting_ends_as_soon_as_the_block_is_there(world: LedgerWorld) -> None:
    world.request(10)
    world.take(10)
    seen: list[LedgerReport] = []

    def told(report: LedgerReport) -> None:
        seen.append(report)
        if len(seen) == 2:
            world.block(0, 9)

    report = world.ledger.settle(30, told=told)
    assert (report.settled, report.unaccounted, len(seen)) == (True, 0, 2)


def test_the_marker_behind_a_clients_transaction_is_not_waiting_for_ever(world: LedgerWorld) -> None:
    world.request(10, transactional=True)
    waits(world)
    world.take(10)
    world.block(0, 9)
    report = world.count()
    assert (report.total.waiting, report.settled) == (0, True)


def test_requests_of_an_open_transaction_do_not_wait_yet(world: LedgerWorld) -> None:
    producer = Producer(world.kafka.producer() | {"transactional.id": f"{world.model}.open"})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topics.requests(world.model), b"{}", partition=0)
    assert producer.flush(20) == 0
    assert world.count().total.waiting == 0
    producer.commit_transaction(20)
    waits(world)


def test_requests_that_left_the_topic_before_they_were_taken_are_unaccounted(world: LedgerWorld) -> None:
    world.request(30)
    world.block(0, 9)
    world.take(10)
    world.delete_requests_before(25)
    report = world.count()
    assert words(report) == ["partition 0: requests 10–24 deleted from the topic before a scorer took them"]
    assert (report.unaccounted, report.total.waiting) == (15, 5)


def test_the_deep_count_finds_whole_topics_in_order(world: LedgerWorld) -> None:
    world.block(0, 9, rejected=[3], unidentified=[4])
    world.answers([0, 1, 2, 3, 5, 6, 7, 8, 9])
    world.dead_letters([3, 4])
    report = world.count(deep=True)
    assert report.unaccounted == 0, words(report)


@pytest.mark.parametrize(
    ("answers", "dead", "named"),
    [
        (range(8), [], ["answers of requests 0–9: the block says 10, there are 8"]),
        ([*range(10), 4, 4], [], ["answers beyond one a request: 2"]),
        (range(10), [7], ["dead letters of requests 0–9: the block says 0, there are 1"]),
    ],
    ids=["lost", "twice", "dead letter too many"],
)
def test_the_deep_count_names_what_the_topics_do_not_hold_as_blocks_say(
    world: LedgerWorld, answers: list[int], dead: list[int], named: list[str]
) -> None:
    world.block(0, 9)
    world.answers(answers)
    world.dead_letters(dead)
    assert world.count().unaccounted == 0
    assert words(world.count(deep=True)) == [f"partition 0: {each}" for each in named]


def test_the_deep_count_finds_a_lost_row_that_a_stray_one_hides(world: LedgerWorld) -> None:
    world.block(0, 9, rows=range(9))
    world.rows([12])
    world.block(15, 19, previous=9)
    world.answers([*range(10), *range(15, 20)])
    assert world.count().unaccounted == 0
    assert words(world.count(deep=True)) == [
        "partition 0: rows of requests in no block: 1, the first of request 12",
        "partition 0: rows of requests 0–9: the block says 10, there are 9",
    ]


def test_an_answer_that_nobody_can_read_is_unaccounted(world: LedgerWorld) -> None:
    world.publish(topics.predictions(world.model), [b"\x07nonsense"])
    report = world.count(deep=True)
    assert (report.unaccounted, words(report)) == (1, ["answers that do not tell whose they are: 1"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*[st.integers(0, 1)] + [st.integers(0, 30)] * 2 + [st.integers(-1, 30)] + [st.integers(0, 5)] * 5),
        max_size=12,
    )
)
def test_clickhouse_adds_up_what_python_adds_up(world: LedgerWorld, drawn: list[tuple[int, ...]]) -> None:
    world.clickhouse.run(f"DELETE FROM blocks WHERE model = '{world.model}'", doing="emptying")
    for partition, first, last, previous, received, answered, rejected, unidentified, logged in drawn:
        numbers = {"received": received, "answered": answered, "rejected": rejected, "unidentified": unidentified}
        world.header(partition, first, last, previous, logged=logged, **numbers)
    headers = DeepCount(world.model, kafka=world.kafka, clickhouse=world.clickhouse).headers()
    assert len(headers) == len(drawn)
    in_python = add_up(dated.header for dated in headers)
    assert ClickHouseSums(world.clickhouse, world.model).blocks() == in_python


def test_an_unknown_model_is_a_sentence(world: LedgerWorld) -> None:
    with Ledger("nobody", kafka=world.kafka, clickhouse=world.clickhouse) as book, pytest.raises(TopicMissing):
        book.count()
    with pytest.raises(NotApplied, match="headrace apply"):
        ClickHouseSums(world.clickhouse, "x; DROP TABLE blocks")
    with pytest.raises(NotApplied, match="headrace apply"):
        ClickHouseSums(world.clickhouse, "nobody").row_counts({0: BlockSums()})


def command(world: LedgerWorld, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`headrace ledger` as a process of its own."""
    where = {
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka.bootstrap,
        "HEADRACE_CLICKHOUSE__HOST": world.address.host,
        "HEADRACE_CLICKHOUSE__PORT": str(world.address.port),
    }
    called = [sys.executable, "-c", "from headrace.cli.main import main; main()", "ledger", world.model, *arguments]
    return subprocess.run(called, env=os.environ | where, capture_output=True, text=True, timeout=60)


def test_the_command_prints_json_and_exits_with_0_when_nothing_is_missing(world: LedgerWorld) -> None:
    world.block(0, 9)
    done = command(world, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["received"], told["unaccounted"], told["breaks"], len(told["partitions"])) == (10, 0, [], 2)


def test_the_command_shows_a_break_and_exits_with_1(world: LedgerWorld) -> None:
    world.block(10, 19)
    done = command(world, "--wait", "0.1")
    assert (done.returncode, done.stderr) == (1, "")
    assert "partition 0: requests 0–9 have no block" in done.stdout
    assert "10 unaccounted for" in done.stdout
