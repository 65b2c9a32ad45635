"""How far behind a source says that it is."""

from confluent_kafka import Message

from streams.engine.batch import Batch
from streams.engine.behind import Behind
from streams.engine.errors import NotDelivered
from tests.fakes.kafka_consumer import FakeConsumer
from tests.fakes.records import record
from tests.unit.streams.test_engine_source import A, Reading

NOW_S = 1_700_000_100.0


def _record(offset: int, age_s: float) -> Message:
    return record(*A, offset, b"x", at_ms=int((NOW_S - age_s) * 1000))


LOG = {A: [_record(offset, 40.0 - offset) for offset in range(16)]}


class Watched(Reading):
    """Notes how far behind the source says that it is while it works on each batch, and after it ended."""

    def __init__(self, consumer: FakeConsumer, fail: frozenset[int] = frozenset()) -> None:
        self.during: list[float] = []

        def verdict(n: int, batch: Batch) -> None:
            self.during.append(self.source.behind.seconds())
            if n in fail:
                raise NotDelivered("_FENCED", "another took over")

        super().__init__(consumer, verdict=verdict)
        self.source.behind = Behind(lambda: NOW_S)


def test_nothing_waits_before_anything_was_read() -> None:
    assert Behind(lambda: NOW_S).seconds() == 0


def test_a_batch_in_work_is_as_old_as_its_first_record() -> None:
    watched = Watched(FakeConsumer(LOG))
    watched.run()
    assert watched.during == [40.0, 32.0]


def test_what_is_left_after_a_batch_is_at_most_as_old_as_its_last_record() -> None:
    """Until the next read says that nothing is left."""
    seen: list[float] = []
    consumer = FakeConsumer(LOG, happenings={4: lambda _: seen.append(watched.source.behind.seconds())})
    watched = Watched(consumer)
    watched.run()
    assert seen == [33.0]


def test_once_nothing_is_left_a_source_is_not_behind() -> None:
    assert Watched(FakeConsumer(LOG)).run().source.behind.seconds() == 0


def test_a_batch_that_was_not_delivered_still_waits_while_it_is_fetched_anew() -> None:
    seen: list[float] = []
    consumer = FakeConsumer(LOG, happenings={4: lambda _: seen.append(watched.source.behind.seconds())})
    watched = Watched(consumer, fail=frozenset({0}))
    watched.run()
    assert seen == [40.0] and watched.during[:2] == [40.0, 40.0]


def test_partitions_that_are_anothers_now_are_no_longer_waited_for() -> None:
    seen: list[float] = []
    happenings = {
        4: lambda consumer: consumer.assign([]),
        5: lambda _: seen.append(watched.source.behind.seconds()),
    }
    watched = Watched(FakeConsumer(LOG, happenings=happenings), fail=frozenset({0}))
    watched.run()
    assert watched.during == [40.0] and seen == [0.0]


def test_a_record_of_a_clock_that_is_ahead_is_not_of_negative_age() -> None:
    behind = Behind(lambda: NOW_S)
    behind.since(_record(0, -3600.0))
    assert behind.seconds() == 0
