"""One transaction a micro-batch: outputs and offsets become visible together, or not at all.

Two transactional producers take turns: with one, each transaction waits out librdkafka's 100 ms back-off while the
broker still writes the markers of the transaction before.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from headrace.kafka.clients import ErrorEar, KafkaAddress
from streams.engine.batch import Batch, Place
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints
from streams.engine.outputs import Outputs
from streams.engine.watchdog import Watchdog

PRODUCERS = 2
CALL_S = 20.0
# Properties named in the settings win over these.
PRODUCER = {
    "linger.ms": 0,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 1_000_000,
    "delivery.report.only.error": True,
}
# Where the group's coordinator is, is forgotten this soon. Otherwise librdkafka waits for ever for one that has left
# the cluster's metadata, as a broker does that restarts (librdkafka 5511), and send_offsets_to_transaction hangs.
TRANSACTIONAL = {"metadata.max.age.ms": 2000, "topic.metadata.refresh.interval.ms": 1000, "retry.backoff.ms": 2}
# Making the log of so few requests takes less time than the brokers would need to hear of its partitions separately.
AT_ONE_GO = 500
TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE)
OpenProducer: TypeAlias = Callable[[dict[str, Any]], Producer]
log = structlog.get_logger()


class TransactionalProducer:
    """One transactional producer, opened anew after anything that it cannot recover from."""

    def __init__(
        self,
        address: KafkaAddress,
        transactional_id: str,
        timeout_s: float,
        watchdog: Watchdog,
        open_producer: OpenProducer = Producer,
    ) -> None:
        self._address, self._id, self._watchdog = address, transactional_id, watchdog
        self._open_producer = open_producer
        self._timeout_ms = int(timeout_s * 1000)
        self._open: Producer | None = None
        self._ear = ErrorEar()
        self.too_large = False

    def ready(self) -> Producer:
        """The producer, opened if need be. A lost connection asks for a new one: the old may hang at its next call."""
        if self._open is not None:
            self._open.poll(0)
            if self._ear.take_broker_lost():
                log.warning("producer-replaced", id=self._id, heard=self._ear.last)
                self._open = None
        self.too_large = False
        self._open = self._open or self._new()
        return self._open

    def abort(self, error: KafkaError | None) -> None:
        """End the open transaction without effect; a producer that cannot do so is given up.

        So is one whose commit took too long: the brokers have given up the transaction by then, or the next to take
        over the transactional id finds out what became of it.
        """
        producer, self._open = self._open, None
        if producer is None or (error is not None and error.fatal()):
            return
        try:
            with self._watchdog.guarding("abort_transaction"):
                producer.abort_transaction(CALL_S)
            producer.poll(0)
            self._open = producer
        except KafkaException as failure:
            log.warning("producer-given-up", id=self._id, detail=failure.args[0].str())

    def _new(self) -> Producer:
        """Take over the transactional id; what a dead predecessor left open is aborted by this."""
        self._ear = ErrorEar()
        shared = TRANSACTIONAL | PRODUCER | self._address.producer(self._ear)
        producer = self._open_producer(
            shared
            | {
                "transactional.id": self._id,
                "transaction.timeout.ms": self._timeout_ms,
                # librdkafka refuses to wait for one reply for longer than for the whole transaction.
                "socket.timeout.ms": min(int(shared["socket.timeout.ms"]), self._timeout_ms),
                "on_delivery": self._failed,
            }
        )
        with self._watchdog.guarding("init_transactions"):
            producer.init_transactions(CALL_S)
        return producer

    def _failed(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and error.code() in TOO_LARGE:
            self.too_large = True


class Transactions:
    """Delivers batches in transactions; `deliver` either makes all visible or raises NotDelivered."""

    def __init__(
        self,
        *,
        address: KafkaAddress,
        group: str,
        worker: str,
        timeout_s: float,
        watchdog: Watchdog,
        failpoints: Failpoints,
        open_producer: OpenProducer = Producer,
    ) -> None:
        self.worker, self.timeout_s = worker, timeout_s
        self._watchdog, self._failpoints = watchdog, failpoints
        self._pair = [
            TransactionalProducer(address, f"{group}.{worker}.{i}", timeout_s, watchdog, open_producer)
            for i in range(PRODUCERS)
        ]
        self._turn = 0
        self._named = partial(
            Transactions,
            address=address,
            group=group,
            timeout_s=timeout_s,
            watchdog=watchdog,
            failpoints=failpoints,
            open_producer=open_producer,
        )

    def open(self) -> None:
        """Take over both transactional ids where need be, which ends what was left open under them.

        Before the first poll and before committed offsets are read: Kafka tells none while a transaction that would
        change them is open.
        """
        for producer in self._pair:
            producer.ready()

    def deliver(self, batch: Batch, outputs: Outputs) -> None:
        """Produce the outputs and commit the batch's offsets, in one transaction."""
        self._turn += 1
        current = self._pair[self._turn % PRODUCERS]
        try:
            self._attempt(current.ready(), batch, outputs)
        except NotDelivered:
            current.abort(None)
            raise
        except KafkaException as error:
            cause = error.args[0]
            current.abort(cause)
            too_large = current.too_large or cause.code() in TOO_LARGE
            raise NotDelivered("too-large" if too_large else cause.name(), cause.str()) from None

    def of(self, worker: str) -> "Transactions":
        """Those of another worker of the group; they take over from it what it left behind."""
        return self._named(worker=worker)

    def commit(self, next_offsets: Mapping[Place, int], group_metadata: Any) -> None:
        """Commit offsets alone, in one transaction of each id; raises NotDelivered."""
        nothing = Outputs(topic="", messages=[])
        for _ in self._pair:
            batch = Batch(messages=[], next_offsets=next_offsets, previous_last={}, group_metadata=group_metadata)
            self.deliver(batch, nothing)

    def _attempt(self, producer: Producer, batch: Batch, outputs: Outputs) -> None:
        producer.begin_transaction()
        produce(producer, outputs)
        batch.let_go()
        if self._failpoints.active("after_produce"):
            producer.flush(CALL_S)
        self._failpoints.passing("after_produce")
        with self._watchdog.guarding("send_offsets_to_transaction"):
            self._failpoints.passing("in_offsets")
            producer.send_offsets_to_transaction(_positions(batch.next_offsets), batch.group_metadata, CALL_S)
        self._failpoints.passing("after_offsets")
        with self._watchdog.guarding("commit_transaction"):
            producer.commit_transaction(CALL_S)
        self._failpoints.passing("after_commit")


class PlainProducer:
    """At-least-once: outputs first, offsets after them. Lower latency; a crash in between repeats a batch."""

    def __init__(
        self,
        address: KafkaAddress,
        commit: Callable[[Mapping[Place, int]], None],
        failpoints: Failpoints,
        open_producer: OpenProducer = Producer,
    ) -> None:
        self._commit, self._failpoints = commit, failpoints
        self._errors: list[KafkaError] = []
        self._producer = open_producer(PRODUCER | address.producer() | {"on_delivery": self._failed})

    def deliver(self, batch: Batch, outputs: Outputs) -> None:
        """Produce the outputs, wait for the brokers, then commit the batch's offsets."""
        self._errors.clear()
        produce(self._producer, outputs)
        batch.let_go()
        self._failpoints.passing("after_produce")
        if left := self._producer.flush(CALL_S):
            self._producer.purge()
            raise NotDelivered("timed-out", f"{left} messages were not confirmed within {CALL_S:.0f} s")
        if self._errors:
            worst = self._errors[0]
            raise NotDelivered("too-large" if worst.code() in TOO_LARGE else worst.name(), worst.str())
        self._commit(batch.next_offsets)

    def _failed(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._errors.append(error)


def produce(producer: Producer, outputs: Outputs) -> None:
    """Queue all outputs; produce_batch never raises, so what it queued is compared with what was asked."""
    records = tuple(outputs.records) if len(outputs.messages) <= AT_ONE_GO else outputs.records
    if outputs.messages:
        queued = producer.produce_batch(outputs.topic, outputs.messages)
        if queued != len(outputs.messages):
            raise NotDelivered(*_why_not_queued(outputs, queued))
    for record in records:
        try:
            producer.produce(
                record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
            )
        except BufferError:
            raise NotDelivered("queue-full", "the producer's queue is full") from None
        except KafkaException as error:
            too_large = error.args[0].code() in TOO_LARGE
            raise NotDelivered("too-large" if too_large else error.args[0].name(), f"{record.topic}: {error}") from None


def _why_not_queued(outputs: Outputs, queued: int) -> tuple[str, str]:
    errors = {m["_error"].code(): m["_error"] for m in outputs.messages if m.get("_error") is not None}
    too_large = any(code in TOO_LARGE for code in errors)
    said = "; ".join(sorted(error.str() for error in errors.values()))
    return (
        "too-large" if too_large else "queue-full",
        f"{queued} of {len(outputs.messages)} answers were queued ({said})",
    )


def _positions(next_offsets: Mapping[tuple[str, int], int]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
