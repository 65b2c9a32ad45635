"""A group source: one thread that reads micro-batches, hands each to an agent and does the agent's work on it.

The thread alone touches the consumer and the producers of its transactions; nothing is polled while a batch is in
work, so a rebalance can only happen between two batches.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from queue import Empty
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from headrace.errors import HeadraceError
from headrace.kafka.clients import ErrorEar
from streams.engine.allocator import give_back
from streams.engine.batch import Batch, Place, Work, offset_of, place_of
from streams.engine.behind import Behind
from streams.engine.errors import CoordinatorLost, NameTaken, NotDelivered
from streams.engine.start import Start
from streams.engine.watchdog import Watchdog

POLL_S = 0.2
MOST_BYTES = 32 * 2**20
SLICE = 500
LONGEST_BACK_OFF_S = 2.0
# After so many rows the first quiet moment is used to give memory back.
BURST = 10_000
FENCED_AGAIN_S = 10.0
# A consumer may never find its group's coordinator again once that was away (librdkafka 5511); a new one does.
REFUSED_MOST = 3
FENCED = (KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED)
log = structlog.get_logger()


class GroupSource:
    """Reads a consumer group's share of some topics, batch by batch."""

    def __init__(
        self,
        *,
        config: Mapping[str, Any],
        topics: Sequence[str],
        start: Start,
        watchdog: Watchdog,
        ear: ErrorEar,
        batch_rows: int,
        linger_s: float = 0.0,
        burst_rows: int = BURST,
        open_consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
    ) -> None:
        self._config, self._topics, self._start = dict(config), list(topics), start
        self._watchdog, self._ear = watchdog, ear
        self._most, self._rows, self._linger_s = batch_rows, batch_rows, linger_s
        self._open_consumer = open_consumer
        self._stopping = threading.Event()
        self._stale = True
        # Since when what is read next may have been waiting.
        self._since = 0.0
        self._next: dict[Place, int] = {}
        self._failures = self._refused_by_kafka = 0
        self.assigned: tuple[Place, ...] = ()
        self.behind = Behind()
        self._busy_rows, self._burst_rows = 0, burst_rows

    def stop(self) -> None:
        """Ask the thread to end after the batch in work."""
        self._stopping.set()

    def run(self, hand: Callable[[Batch], None]) -> None:
        """Read until stopped; raises NameTaken, or what an agent's work raised unexpectedly.

        Fenced once, it joins again: a broker that went away with its answer to a join leaves the name to a member that
        does not exist. Fenced again soon after, there is another one who lives.
        """
        fenced_at = -FENCED_AGAIN_S
        while not self._stopping.is_set():
            try:
                self._belong(hand)
            except CoordinatorLost as error:
                log.warning("joining-again", detail=str(error))
            except NameTaken as error:
                if time.monotonic() < fenced_at + FENCED_AGAIN_S:
                    raise
                fenced_at = time.monotonic()
                log.warning("joining-again", detail=str(error))

    def _belong(self, hand: Callable[[Batch], None]) -> None:
        self._consumer = consumer = self._open_consumer(self._config)
        consumer.subscribe(self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        try:
            while not self._stopping.is_set():
                if batch := self._read(consumer):
                    self._serve(batch, hand)
        finally:
            with self._watchdog.guarding("leaving the consumer group"):
                consumer.close()

    def commit(self, next_offsets: Mapping[Place, int], note: str = "") -> None:
        """Commit offsets outside a transaction, with a note beside them; to be called from an agent's work only.

        A member whose partitions are another's by now is refused.
        """
        parts = [TopicPartition(topic, partition, offset, note) for (topic, partition), offset in next_offsets.items()]
        try:
            with self._watchdog.guarding("committing offsets"):
                done = self._consumer.commit(offsets=parts, asynchronous=False)
            # A partition's own error comes with no exception.
            if errors := [part.error for part in done if part.error is not None]:
                raise KafkaException(errors[0])
        except KafkaException as error:
            raise NotDelivered(error.args[0].name(), f"committing offsets: {error.args[0].str()}") from None

    def commit_later(self, next_offsets: Mapping[Place, int]) -> None:
        """Commit offsets without waiting for the brokers, where what is done twice does no harm.

        A commit that fails is made good by the next, whose offsets are higher; one that fails at once says so.
        """
        parts = [TopicPartition(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
        try:
            self._consumer.commit(offsets=parts, asynchronous=True)
        except KafkaException as error:
            raise NotDelivered(error.args[0].name(), f"committing offsets: {error.args[0].str()}") from None

    def _read(self, consumer: Consumer) -> Batch | None:
        messages = consumer.consume(1, POLL_S)
        if not messages:
            self._idle()
        if messages and not self._stale:
            self._gather(consumer, messages)
        good = [message for message in messages if message.error() is None or not self._failed(message)]
        if self._stale:
            self._rewind(consumer)
            return None
        return self._batch(consumer, good) if good else None

    def _idle(self) -> None:
        self._since = time.monotonic()
        if not self._failures:
            self.behind.nothing()
        if self._busy_rows >= self._burst_rows:
            self._busy_rows = 0
            give_back()

    def _gather(self, consumer: Consumer, messages: list[Message]) -> None:
        """Batches form by what is waiting; only where asked for (linger) is more waited for, and then within bounds.

        The time that the batch before was in work counts: a backlog lies there already, and is not waited for.
        """
        until = self._since + self._linger_s
        size = 0
        while len(messages) < self._rows and size < MOST_BYTES:
            left = max(0.0, until - time.monotonic())
            more = consumer.consume(
                min(SLICE, self._rows - len(messages)) if left else self._rows - len(messages), min(left, 0.1)
            )
            messages += more
            size += sum(map(len, more)) if left else 0
            if not left:
                break
        self._since = time.monotonic()

    def _batch(self, consumer: Consumer, messages: list[Message]) -> Batch:
        next_offsets = {place_of(message): offset_of(message) + 1 for message in self._last(messages)}
        return Batch(
            messages=messages,
            next_offsets=next_offsets,
            previous_last={place: self._next.get(place, 0) - 1 for place in next_offsets},
            group_metadata=consumer.consumer_group_metadata(),
        )

    def _last(self, messages: list[Message]) -> Iterable[Message]:
        """The last message of each place; without a call of ours, or where there is one topic a pair, for each."""
        partitions = map(Message.partition, messages)
        one = len(self._topics) == 1 and not self._topics[0].startswith("^")
        places = partitions if one else zip(map(Message.topic, messages), partitions, strict=True)
        return dict(zip(places, messages, strict=True)).values()

    def _serve(self, batch: Batch, hand: Callable[[Batch], None]) -> None:
        newest = batch.messages[-1]
        self.behind.since(batch.messages[0])
        hand(batch)
        if (asked := self._asked(batch)) is None:
            return
        work, done = asked
        try:
            work()
        except NotDelivered as error:
            self._not_delivered(batch, error, done)
            return
        except BaseException as error:
            done.set_exception(error)
            raise
        self._next.update(batch.next_offsets)
        self.behind.since(newest)
        self._busy_rows += batch.rows
        self._failures, self._rows = 0, min(self._most, self._rows + max(1, self._rows // 8))
        done.set_result(True)

    def _asked(self, batch: Batch) -> "tuple[Work, Future[bool]] | None":
        """The agent's work on a batch; None when the agent is gone because the worker stops."""
        while True:
            try:
                return batch.desk.get(timeout=1.0)
            except Empty:
                if self._stopping.is_set():
                    return None

    def _not_delivered(self, batch: Batch, error: NotDelivered, done: "Future[bool]") -> None:
        self._stale = True
        self._failures += 1
        # What is too much at once goes through in smaller batches; a batch of one tells which record it is.
        self._rows = max(1, min(self._rows, batch.rows) // 2)
        log.warning("batch-not-delivered", cause=error.cause, detail=str(error), rows=batch.rows)
        done.set_result(False)

    def _rewind(self, consumer: Consumer) -> None:
        """Back to where delivery stands; without it everything read since would be lost."""
        places = [(part.topic, part.partition) for part in consumer.assignment()]
        if not places:
            return
        self._stopping.wait(back_off_s(self._failures))
        try:
            with self._watchdog.guarding("finding where to go on", self._start.patience_s):
                offsets = dict(self._start.next_offsets(consumer, places))
            for (topic, partition), offset in offsets.items():
                consumer.seek(TopicPartition(topic, partition, offset))
        except (KafkaException, HeadraceError) as error:
            self._failures += 1
            log.warning("rewind-failed", detail=str(error), heard=self._ear.last)
            self._refused_by_kafka = self._refused_by_kafka + 1 if isinstance(error, KafkaException) else 0
            if self._refused_by_kafka == REFUSED_MOST:
                self._refused_by_kafka = 0
                raise CoordinatorLost(REFUSED_MOST) from None
            return
        self._refused_by_kafka = 0
        self._next = {place: max(0, offset) for place, offset in offsets.items()}
        self._stale = False

    def _failed(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.code() in FENCED or "fenced" in error.str().lower():
            raise NameTaken(str(self._config.get("group.instance.id", "")))
        log.warning("consumer-error", detail=error.str())
        return True

    def _assigned(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        self._stale = True
        self.assigned = tuple((part.topic, part.partition) for part in parts)
        log.info("partitions-assigned", partitions=[f"{p.topic}/{p.partition}" for p in parts])

    def _revoked(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        self._stale = True
        self.assigned = ()
        self.behind.nothing()


def back_off_s(failures: int) -> float:
    """How long to wait before reading again after so many failures in a row."""
    return min(LONGEST_BACK_OFF_S, 0.02 * 2 ** min(failures, 10)) if failures else 0.0
