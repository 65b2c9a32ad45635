"""A group source on a consumer in memory: what is read, what is read again, and where."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.kafka.clients import ErrorEar
from streams.engine.batch import Batch, Place, offset_of, place_of
from streams.engine.errors import NameTaken, NotDelivered
from streams.engine.source import LONGEST_BACK_OFF_S, REFUSED_MOST, GroupSource, back_off_s
from streams.engine.start import FromCommitted
from streams.engine.watchdog import Watchdog
from tests.fakes.kafka_consumer import FakeConsumer
from tests.fakes.records import record

A, B = ("toy.requests", 0), ("toy.requests", 1)
WATCHDOG = Watchdog(60)
LOG = {A: [b"a%d" % i for i in range(25)], B: [b"b%d" % i for i in range(10)]}


class Reading:
    """A source whose agent answers at once; verdict(n, batch) may raise instead of delivering the n-th batch."""

    def __init__(
        self,
        consumer: FakeConsumer,
        *,
        verdict: Callable[[int, Batch], None] = lambda n, batch: None,
        batch_rows: int = 8,
        linger_s: float = 0.0,
    ) -> None:
        self.source = GroupSource(
            config={"group.instance.id": "score-1"},
            topics=["toy.requests"],
            start=FromCommitted(),
            watchdog=WATCHDOG,
            ear=ErrorEar(),
            batch_rows=batch_rows,
            linger_s=linger_s,
            open_consumer=consumer.opened,
        )
        self._verdict = verdict
        self.handed: list[Batch] = []
        self.delivered: list[Batch] = []
        self.outcomes: list[Future[bool]] = []
        consumer.idle = self.source.stop

    def run(self) -> "Reading":
        self.source.run(self._hand)
        return self

    def _hand(self, batch: Batch) -> None:
        self.handed.append(batch)
        done: Future[bool] = Future()
        self.outcomes.append(done)
        batch.desk.put((lambda: self._work(batch), done))

    def _work(self, batch: Batch) -> None:
        self._verdict(len(self.handed) - 1, batch)
        self.source.commit(batch.next_offsets)
        self.delivered.append(batch)

    def offsets(self, place: Place) -> list[int]:
        return [offset_of(m) for batch in self.delivered for m in batch.messages if place_of(m) == place]

    def sizes(self) -> list[int]:
        return [len(batch.messages) for batch in self.handed]


def test_everything_that_waits_is_read_in_order_in_batches_of_the_size_asked_for() -> None:
    reading = Reading(FakeConsumer(LOG)).run()
    assert reading.offsets(A) == list(range(25)) and reading.offsets(B) == list(range(10))
    assert reading.sizes() == [8, 8, 8, 8, 3]
    assert all(done.result(0) for done in reading.outcomes)


def test_a_batch_brings_its_own_next_offsets_and_what_stood_before_it() -> None:
    reading = Reading(FakeConsumer(LOG, committed={A: 5})).run()
    assert reading.handed[0].previous_last == {A: 4, B: -1}
    for place in (A, B):
        chain = [(b.previous_last[place], b.next_offsets[place]) for b in reading.handed if place in b.next_offsets]
        assert [before for before, _ in chain[1:]] == [after - 1 for _, after in chain[:-1]]
    assert reading.offsets(A) == list(range(5, 25))


def test_what_was_not_delivered_is_read_again_in_ever_smaller_batches_and_nothing_is_lost() -> None:
    def verdict(n: int, batch: Batch) -> None:
        if n < 4:
            raise NotDelivered("too-large", "for the broker")

    reading = Reading(FakeConsumer(LOG), verdict=verdict).run()
    assert reading.sizes()[:8] == [8, 4, 2, 1, 1, 2, 3, 4], "a batch of one tells which record it is"
    assert [done.result(0) for done in reading.outcomes[:5]] == [False] * 4 + [True]
    assert reading.offsets(A) == list(range(25)) and reading.offsets(B) == list(range(10))


@settings(max_examples=15, deadline=None)
@given(failing=st.sets(st.integers(0, 5), max_size=4), moves=st.sets(st.integers(2, 14), max_size=4))
def test_whatever_fails_and_moves_each_record_is_delivered_once_and_in_order(
    failing: set[int], moves: set[int]
) -> None:
    def verdict(n: int, batch: Batch) -> None:
        if n in failing:
            raise NotDelivered("_FENCED", "another took over")

    happenings = {call: (lambda consumer: consumer.assign([A, B])) for call in moves}
    reading = Reading(FakeConsumer(LOG, happenings=happenings), verdict=verdict).run()
    assert reading.offsets(A) == list(range(25)) and reading.offsets(B) == list(range(10))


def test_what_was_gathered_before_a_rebalance_is_dropped_and_read_again() -> None:
    """Call 3 is in the midst of gathering the first batch."""
    consumer = FakeConsumer(LOG, happenings={3: lambda c: c.assign([B])})
    reading = Reading(consumer).run()
    assert reading.offsets(A) == [] and reading.offsets(B) == list(range(10))
    assert reading.handed[0].group_metadata == "generation 2"
    assert reading.source.assigned == (B,)


def test_group_metadata_is_that_of_the_moment_at_which_a_batch_was_read() -> None:
    """A rebalance after the first batch was read must not make its metadata valid again."""
    consumer = FakeConsumer(LOG)
    reading = Reading(consumer, verdict=lambda n, batch: consumer.assign([A, B]) if n == 0 else None)
    reading.run()
    assert [batch.group_metadata for batch in reading.handed[:2]] == ["generation 1", "generation 2"]


def test_partitions_without_a_committed_offset_are_read_from_the_beginning() -> None:
    consumer = FakeConsumer(LOG, committed={A: 3})
    Reading(consumer).run()
    assert consumer.seeks == [(A, 3), (B, -2)]


def test_requests_that_kafka_dropped_before_they_were_read_leave_a_gap_for_the_ledger() -> None:
    """Seen to fail with what stood before taken from the first record that is still there."""

    class Expired(FakeConsumer):
        def seek(self, part: TopicPartition) -> None:
            super().seek(TopicPartition(part.topic, part.partition, max(part.offset, 20)))

    reading = Reading(Expired({A: LOG[A]}, committed={A: 5})).run()
    assert reading.offsets(A) == [20, 21, 22, 23, 24]
    assert [batch.previous_last for batch in reading.delivered] == [{A: 4}]


def test_a_committed_offset_that_cannot_be_read_is_not_taken_for_none() -> None:
    """Else a partition whose coordinator stumbles would be answered from its beginning again."""
    consumer = FakeConsumer(LOG, committed={A: 20, B: 9})
    consumer.part_errors = [KafkaError(KafkaError.NOT_COORDINATOR, "moved")]
    reading = Reading(consumer).run()
    assert reading.offsets(A) == list(range(20, 25)) and reading.offsets(B) == [9]


def test_going_back_is_tried_until_it_succeeds() -> None:
    consumer = FakeConsumer(LOG, committed={A: 20, B: 9})
    consumer.committed_errors = [KafkaException(KafkaError(KafkaError._TIMED_OUT, "slow"))] * 2
    reading = Reading(consumer).run()
    assert reading.offsets(A) == list(range(20, 25)) and reading.offsets(B) == [9]


def test_a_consumer_that_asks_in_vain_too_often_is_replaced_and_nothing_is_lost() -> None:
    consumer = FakeConsumer(LOG, committed={A: 20, B: 9})
    consumer.committed_errors = [KafkaException(KafkaError(KafkaError._TIMED_OUT, "slow"))] * REFUSED_MOST
    reading = Reading(consumer).run()
    assert reading.offsets(A) == list(range(20, 25)) and reading.offsets(B) == [9]
    assert consumer.openings == 2


def test_an_error_of_the_consumer_is_not_taken_for_a_record() -> None:
    stumbled = record(*A, 1, None, error=KafkaError(KafkaError._ALL_BROKERS_DOWN, "away"))
    reading = Reading(FakeConsumer({A: [b"a0", stumbled, b"a2"]})).run()
    assert reading.offsets(A) == [0, 2]


FENCED = record(*A, 0, None, error=KafkaError(KafkaError.FENCED_INSTANCE_ID, "Static consumer fenced"))


def test_another_live_worker_of_the_same_name_ends_this_one_by_name() -> None:
    """Seen to fail with a worker that joins again however often it is fenced: two of one name go on for ever."""
    consumer = FakeConsumer({A: [FENCED]})
    with pytest.raises(NameTaken, match="another live worker is called score-1"):
        Reading(consumer).run()
    assert consumer.closed


def test_a_worker_that_is_fenced_once_joins_again() -> None:
    """A broker that was killed while it answered a join leaves behind a member of this name that does not exist."""

    class FencedOnce(FakeConsumer):
        def opened(self, config: Mapping[str, object]) -> FakeConsumer:
            self.committed_[A] = self.openings
            return super().opened(config)

    consumer = FencedOnce({A: [FENCED, b"a"]})
    reading = Reading(consumer).run()
    assert reading.offsets(A) == [1] and consumer.openings == 2


def test_what_an_agents_work_raises_unexpectedly_ends_the_source_and_reaches_the_agent() -> None:
    def verdict(n: int, batch: Batch) -> None:
        raise ZeroDivisionError("a fault of ours")

    consumer = FakeConsumer(LOG)
    reading = Reading(consumer, verdict=verdict)
    with pytest.raises(ZeroDivisionError):
        reading.run()
    assert isinstance(reading.outcomes[0].exception(0), ZeroDivisionError)
    assert consumer.closed and not consumer.committed_


def test_a_commit_that_kafka_refuses_is_no_delivery() -> None:
    consumer = FakeConsumer({A: [b"a0"]})
    consumer.commit_error = KafkaError(KafkaError.ILLEGAL_GENERATION, "a rebalance came first")
    said: list[NotDelivered] = []

    def verdict(n: int, batch: Batch) -> None:
        try:
            reading.source.commit(batch.next_offsets)
        except NotDelivered as error:
            said.append(error)
            consumer.commit_error = None
            raise

    reading = Reading(consumer, verdict=verdict)
    reading.run()
    assert [error.cause for error in said] == ["ILLEGAL_GENERATION"]
    assert reading.offsets(A) == [0]


def test_a_commit_that_kafka_refuses_for_a_partition_is_no_delivery() -> None:
    """Kafka tells of it in the partition's own entry, not as the call's failure."""
    consumer = FakeConsumer({A: [b"a0"]})
    consumer.commit_part_errors = [KafkaError(KafkaError.UNKNOWN_MEMBER_ID, "another has it")]
    reading = Reading(consumer).run()
    assert [done.result(0) for done in reading.outcomes] == [False, True]
    assert consumer.committed_ == {A: 1}


def test_offsets_that_are_committed_later_are_not_waited_for_but_a_refusal_is_told() -> None:
    consumer = FakeConsumer({A: [b"a0"]})

    def verdict(n: int, batch: Batch) -> None:
        consumer.commit_error = KafkaError(KafkaError._STATE, "closed") if n == 0 else None
        reading.source.commit_later(batch.next_offsets)
        committed.append((consumer.waited, dict(consumer.committed_)))

    committed: list[tuple[bool, dict[Place, int]]] = []
    reading = Reading(consumer, verdict=verdict)
    reading.run()
    assert [done.result(0) for done in reading.outcomes] == [False, True]
    assert committed == [(False, {A: 1})]


def test_a_note_is_kept_beside_the_offset_until_the_next_commit() -> None:
    consumer = FakeConsumer({A: [b"a0"]})
    held: list[str] = []

    def verdict(n: int, batch: Batch) -> None:
        reading.source.commit({A: 0}, "0-0")
        held.append(consumer.notes[A])

    reading = Reading(consumer, verdict=verdict)
    reading.run()
    assert held == ["0-0"] and consumer.notes == {A: ""}


def test_a_stop_while_the_agent_is_gone_leaves_the_batch_uncommitted() -> None:
    consumer = FakeConsumer(LOG)
    reading = Reading(consumer)
    reading.source.run(lambda batch: reading.source.stop())
    assert consumer.closed and not consumer.committed_


def test_with_a_linger_records_that_come_later_are_waited_for() -> None:
    """At call 3, the second that gathers, more records are there than there were at first."""
    log = {A: [b"a0", b"a1"]}
    consumer = FakeConsumer(log, happenings={4: lambda c: log[A].extend([b"a2", b"a3"])})
    reading = Reading(consumer, batch_rows=4, linger_s=30.0).run()
    assert reading.sizes() == [4]


def test_records_that_came_while_a_batch_was_in_work_have_lingered_meanwhile() -> None:
    """At call 6 there is one more record, which a source that begins to linger only then would wait for.

    Seen to fail with a linger that begins when a batch's first record is read.
    """
    log = {A: [b"a0", b"a1", b"a2"]}
    consumer = FakeConsumer(log, happenings={6: lambda c: log[A].append(b"a4")})
    linger_s = 0.1

    def verdict(n: int, batch: Batch) -> None:
        if n == 0:
            log[A].append(b"a3")
            taken = time.monotonic()
            while time.monotonic() < taken + linger_s:
                pass

    reading = Reading(consumer, verdict=verdict, batch_rows=3, linger_s=linger_s).run()
    assert reading.sizes() == [3, 1, 1]


def test_the_wait_after_failures_grows_and_stays_bounded_however_many_there_were() -> None:
    assert back_off_s(0) == 0
    assert back_off_s(1) < back_off_s(2) < back_off_s(5)
    assert back_off_s(100_000) == LONGEST_BACK_OFF_S
