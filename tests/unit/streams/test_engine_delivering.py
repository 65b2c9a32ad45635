"""A batch's outputs and offsets: visible together, or not at all."""

from collections.abc import Mapping

import pytest
from confluent_kafka import KafkaError

from headrace.kafka.clients import KafkaAddress
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints
from streams.engine.outputs import Outputs
from streams.engine.transaction import PlainProducer, Transactions
from streams.engine.watchdog import Watchdog
from tests.fakes.kafka_producer import LARGE
from tests.fakes.kafka_transactions import FakeCluster, transactions
from tests.fakes.records import batch, record

ADDRESS = KafkaAddress(bootstrap="b:1")
WATCHDOG = Watchdog(60)
TOPIC = "toy.requests"
FENCED = KafkaError(KafkaError._FENCED, "another took over", fatal=True)
INCONSISTENT = KafkaError(KafkaError._INCONSISTENT, "messages failed", txn_requires_abort=True)
SLOW = KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True)


def delivering_to(cluster: FakeCluster, timeout_s: float = 15) -> Transactions:
    return transactions(cluster, group="headrace.toy.score", worker="score-1", timeout_s=timeout_s, watchdog=WATCHDOG)


def outputs(*values: bytes) -> Outputs:
    return Outputs(topic="toy.predictions", messages=[{"key": None, "value": value} for value in values])


def one(offset: int) -> object:
    return batch([record(TOPIC, 0, offset, b"x")])


def visible(cluster: FakeCluster) -> list[bytes]:
    return [value for _, _, value, _, _ in cluster.visible]


def test_outputs_and_offsets_become_visible_together_with_the_batchs_own_metadata() -> None:
    cluster = FakeCluster()
    delivering_to(cluster).deliver(one(4), outputs(b"a", b"b"))
    assert visible(cluster) == [b"a", b"b"]
    assert cluster.offsets == {(TOPIC, 0): 5}
    assert cluster.metadata == ["metadata"]


def test_two_producers_of_stable_names_take_turns() -> None:
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    delivering.open()
    for offset in range(4):
        delivering.deliver(one(offset), outputs(b"a"))
    assert [producer.config["transactional.id"] for producer in cluster.producers] == [
        "headrace.toy.score.score-1.0",
        "headrace.toy.score.score-1.1",
    ]
    assert [producer.calls.count("commit_transaction") for producer in cluster.producers] == [2, 2]


@pytest.mark.parametrize("call", ["begin_transaction", "send_offsets_to_transaction", "commit_transaction"])
def test_whatever_call_fails_nothing_is_visible_and_the_transaction_is_aborted(call: str) -> None:
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    cluster.fail(call, INCONSISTENT)
    with pytest.raises(NotDelivered) as raised:
        delivering.deliver(one(0), outputs(b"a"))
    assert raised.value.cause == "_INCONSISTENT"
    assert not cluster.visible and not cluster.offsets
    assert cluster.producers[0].calls[-1] == "abort_transaction"
    delivering.deliver(one(0), outputs(b"a"))
    delivering.deliver(one(1), outputs(b"b"))
    assert visible(cluster) == [b"a", b"b"] and len(cluster.producers) == 2, "an aborted producer is used again"


def test_answers_that_were_not_queued_are_aborted() -> None:
    cluster = FakeCluster()
    with pytest.raises(NotDelivered) as raised:
        delivering_to(cluster).deliver(one(0), outputs(b"a", b"x" * 1_000_001))
    assert raised.value.cause == "too-large"
    assert not cluster.visible and cluster.producers[0].calls[-1] == "abort_transaction"


def test_a_producer_that_was_fenced_is_replaced_and_not_asked_to_abort() -> None:
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    delivering.open()
    cluster.fail("send_offsets_to_transaction", FENCED)
    with pytest.raises(NotDelivered, match="another took over"):
        delivering.deliver(one(0), outputs(b"a"))
    assert not any("abort_transaction" in producer.calls for producer in cluster.producers)
    for offset in range(2):
        delivering.deliver(one(offset), outputs(b"a"))
    assert len(cluster.producers) == 3 and cluster.producers[2].calls[0] == "init_transactions"


def test_a_producer_that_cannot_abort_is_replaced() -> None:
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    cluster.fail("commit_transaction", INCONSISTENT)
    cluster.fail("abort_transaction", FENCED)
    with pytest.raises(NotDelivered):
        delivering.deliver(one(0), outputs(b"a"))
    for offset in range(2):
        delivering.deliver(one(offset), outputs(b"a"))
    assert len(cluster.producers) == 3


def test_a_commit_that_took_too_long_is_given_up_with_its_producer_and_settled_by_the_next() -> None:
    """Repeated, it would outlast the brokers' patience with the transaction and the watchdog's with the step."""
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    delivering.open()
    cluster.fail("commit_transaction", SLOW)
    cluster.fail("abort_transaction", KafkaError(KafkaError._CONFLICT, "commit_transaction is in progress"))
    with pytest.raises(NotDelivered):
        delivering.deliver(one(0), outputs(b"a"))
    delivering.open()
    taken_over = [producer.config["transactional.id"] for producer in cluster.producers]
    assert taken_over[2:] == taken_over[1:2] and cluster.producers[2].calls == ["init_transactions"]


def test_a_reply_is_waited_for_no_longer_than_a_transaction_may_last() -> None:
    """librdkafka refuses the setting otherwise."""
    cluster = FakeCluster()
    for timeout_s in (15, 5):
        delivering_to(cluster, timeout_s).open()
    assert [producer.config["socket.timeout.ms"] for producer in cluster.producers] == [10_000, 10_000, 5_000, 5_000]


def test_what_only_the_brokers_find_too_large_is_told_as_too_large() -> None:
    cluster = FakeCluster()
    cluster.refuse(LARGE)
    cluster.fail("commit_transaction", INCONSISTENT)
    delivering = delivering_to(cluster)
    with pytest.raises(NotDelivered) as raised:
        delivering.deliver(one(0), outputs(b"a"))
    assert raised.value.cause == "too-large"
    cluster.fail("commit_transaction", INCONSISTENT, INCONSISTENT)
    for _ in range(2):
        with pytest.raises(NotDelivered) as raised:
            delivering.deliver(one(0), outputs(b"a"))
        assert raised.value.cause == "_INCONSISTENT", "an earlier batch's fault is not this one's"


def test_after_a_lost_connection_a_producer_is_replaced_before_it_is_used() -> None:
    """Its next call may hang for ever."""
    cluster = FakeCluster()
    delivering = delivering_to(cluster)
    delivering.open()
    for producer in cluster.producers:
        producer.config["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN, "away"))
    for offset in range(2):
        delivering.deliver(one(offset), outputs(b"a"))
    assert [producer.calls.count("begin_transaction") for producer in cluster.producers] == [0, 0, 1, 1]


class Committing:
    """Notes the order: what was visible when offsets were committed."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster, self.seen = cluster, list[tuple[dict[tuple[str, int], int], int]]()

    def __call__(self, next_offsets: Mapping[tuple[str, int], int]) -> None:
        self.seen.append((dict(next_offsets), len(self._cluster.visible)))


def plain(cluster: FakeCluster, commit: Committing) -> PlainProducer:
    return PlainProducer(ADDRESS, commit, Failpoints(), cluster.open)  # type: ignore[arg-type]


def test_at_least_once_commits_offsets_only_after_the_outputs_are_there() -> None:
    cluster = FakeCluster()
    commit = Committing(cluster)
    plain(cluster, commit).deliver(one(4), outputs(b"a", b"b"))
    assert commit.seen == [({(TOPIC, 0): 5}, 2)]


@pytest.mark.parametrize(
    ("error", "cause"), [(LARGE, "too-large"), (KafkaError(KafkaError._MSG_TIMED_OUT, "late"), "_MSG_TIMED_OUT")]
)
def test_at_least_once_commits_nothing_when_a_broker_refused_an_output(error: KafkaError, cause: str) -> None:
    cluster = FakeCluster()
    commit = Committing(cluster)
    delivering = plain(cluster, commit)
    cluster.refuse(error)
    with pytest.raises(NotDelivered) as raised:
        delivering.deliver(one(4), outputs(b"a"))
    assert raised.value.cause == cause and not commit.seen
    delivering.deliver(one(4), outputs(b"a"))
    assert commit.seen == [({(TOPIC, 0): 5}, 1)]
