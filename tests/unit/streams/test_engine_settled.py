"""Where reading goes on while Kafka tells no stable offset, on a cluster in memory."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from headrace.kafka.errors import KafkaUnreachable
from streams.engine.batch import Place
from streams.engine.settled import LOOKS_S, FromSettled, Reached
from streams.engine.watchdog import Watchdog
from tests.fakes.kafka_consumer import FakeConsumer
from tests.fakes.kafka_transactions import FakeCluster, transactions

A, B = ("toy.requests", 0), ("toy.requests", 1)
TIMED_OUT = KafkaError(KafkaError._TIMED_OUT, "slow")
TIMEOUT_S = 15.0
WATCHDOG = Watchdog(60)


class Group:
    """What Kafka tells of the group: `committed`, and no stable offset of `pending`; all in memory."""

    def __init__(self, committed: dict[Place, int], pending: set[Place]) -> None:
        self.committed_, self.pending, self.away = committed, pending, False
        self.consumer = FakeConsumer({A: [], B: []}, committed=committed)
        self.closed = 0

    def open(self, *, stable: bool) -> SimpleNamespace:
        def committed(parts: list[SimpleNamespace], timeout_s: float = 20.0) -> list[SimpleNamespace]:
            places = [(part.topic, part.partition) for part in parts]
            if self.away or (stable and self.pending & set(places)):
                raise KafkaException(TIMED_OUT)
            return [SimpleNamespace(topic=t, partition=p, offset=self.committed_.get((t, p), -1001)) for t, p in places]

        def close() -> None:
            self.closed += 1

        return SimpleNamespace(committed=committed, close=close)


def reaching(*told: Reached) -> tuple[list[tuple[Place, int]], Callable[[Place, int], Reached]]:
    """What tells how far a place is, each time it is asked, and what it was asked."""
    asked: list[tuple[Place, int]] = []

    def how_far(place: Place, committed: int) -> Reached:
        asked.append((place, committed))
        return told[min(len(asked), len(told)) - 1]

    return asked, how_far


def start(
    group: Group, cluster: FakeCluster, how_far: Callable[[Place, int], Reached], times: Iterator[float] | None = None
) -> FromSettled:
    own = transactions(cluster, group="g", worker="score-a", timeout_s=TIMEOUT_S, watchdog=WATCHDOG)
    late = iter([0.0, TIMEOUT_S + LOOKS_S + 1]) if times is None else times
    return FromSettled(own, group.open, how_far, WATCHDOG, late.__next__)  # type: ignore[arg-type]


def refused(settled: FromSettled, group: Group) -> None:
    group.consumer.committed_errors = [KafkaException(TIMED_OUT)]
    with pytest.raises(KafkaException):
        settled.next_offsets(group.consumer, [A, B])


def by_id(cluster: FakeCluster) -> dict[str, list[str]]:
    return {producer.config["transactional.id"]: producer.calls for producer in cluster.producers}


OPENED = ["init_transactions"]
COMMITTED = [*OPENED, "begin_transaction", "send_offsets_to_transaction", "commit_transaction"]


def test_stable_offsets_are_where_reading_goes_on_once_what_is_open_was_ended() -> None:
    group, cluster = Group({A: 7}, set()), FakeCluster()
    asked, how_far = reaching()
    assert start(group, cluster, how_far).next_offsets(group.consumer, [A, B]) == {A: 7, B: -2}
    assert by_id(cluster) == {"g.score-a.0": OPENED, "g.score-a.1": OPENED}
    assert (asked, group.closed) == ([], 0)


def test_while_the_ids_cannot_be_taken_over_no_offset_is_believed() -> None:
    group, cluster = Group({A: 7}, set()), FakeCluster()
    cluster.fail("init_transactions", TIMED_OUT)
    with pytest.raises(KafkaException):
        start(group, cluster, reaching()[1]).next_offsets(group.consumer, [A, B])


def test_what_stays_pending_is_ended_by_both_ids_with_the_offset_that_is_true() -> None:
    group, cluster = Group({A: 7, B: 3}, {A}), FakeCluster()
    asked, how_far = reaching(Reached(9, "score-a"))
    refused(start(group, cluster, how_far), group)
    assert cluster.offsets == {A: 9}, "the other place is as it was"
    assert by_id(cluster) == {"g.score-a.0": COMMITTED, "g.score-a.1": COMMITTED}
    assert cluster.metadata == ["generation 0"] * 2, "a member whose place is another's by now is refused"
    assert set(asked) == {(A, 7)} and group.closed == 2


def test_what_another_worker_left_pending_is_ended_under_its_ids() -> None:
    group, cluster = Group({A: 7}, {A}), FakeCluster()
    refused(start(group, cluster, reaching(Reached(9, "score-b"))[1]), group)
    assert by_id(cluster) == {f"g.score-{worker}.{i}": COMMITTED for worker in "ab" for i in (0, 1)}
    assert cluster.offsets == {A: 9}


def test_how_far_a_place_is_is_asked_again_when_nobody_can_write_any_more() -> None:
    """Its last worker may have decided one more transaction between the first look and the end of its ids."""
    group, cluster = Group({A: 7}, {A}), FakeCluster()
    opened: list[int] = []

    def how_far(place: Place, committed: int) -> Reached:
        opened.append(len(cluster.producers))
        return Reached(9 if opened[-1] < 4 else 12, "score-b")

    refused(start(group, cluster, how_far), group)
    assert (opened, cluster.offsets) == ([2, 4], {A: 12})


def test_nothing_is_ended_before_kafka_itself_would_have_done_so() -> None:
    group, cluster = Group({A: 7}, {A}), FakeCluster()
    asked, how_far = reaching(Reached(9, "score-a"))
    settled = start(group, cluster, how_far, iter([0.0, TIMEOUT_S + LOOKS_S - 1, TIMEOUT_S + LOOKS_S + 1]))
    refused(settled, group)
    assert not asked
    refused(settled, group)
    assert cluster.offsets == {A: 9}


def test_only_time_without_any_stable_answer_counts() -> None:
    group, cluster = Group({A: 7}, {A}), FakeCluster()
    asked, how_far = reaching()
    settled = start(group, cluster, how_far, iter([0.0, 1.0, 1000.0, 1001.0]))
    refused(settled, group)
    assert settled.next_offsets(group.consumer, [A]) == {A: 7}
    refused(settled, group)
    assert not asked


def test_where_kafka_does_not_answer_or_nothing_is_pending_no_offset_is_touched() -> None:
    for away in (True, False):
        group, cluster = Group({A: 7}, set()), FakeCluster()
        group.away = away
        asked, how_far = reaching()
        refused(start(group, cluster, how_far), group)
        assert (asked, cluster.offsets, group.closed) == ([], {}, 2)


def test_where_nobody_tells_how_far_a_place_is_its_offset_stays_pending() -> None:
    group, cluster = Group({A: 7}, {A}), FakeCluster()

    def how_far(place: Place, committed: int) -> Reached:
        raise KafkaUnreachable("reading toy.logs", "b:1", "behind an open transaction")

    group.consumer.committed_errors = [KafkaException(TIMED_OUT)]
    with pytest.raises(KafkaUnreachable):
        start(group, cluster, how_far).next_offsets(group.consumer, [A])
    assert cluster.offsets == {}
