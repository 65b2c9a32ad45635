"""The loop of the trainer's worker.

A request is open until a proposal or a failure names it, and whoever is given the topic's one partition does what is
open. So a trainer that dies has done nothing: the next one finds the request still open and does it again. A bundle
that was registered without having been proposed is a version that nobody names.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from headrace import topics
from headrace.candidate import Asked, Board, failed, post
from headrace.candidate.message import decode
from headrace.clickhouse.errors import ClickHouseUnreachable
from headrace.errors import HeadraceError
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable
from headrace.kafka.read import watermarks
from trainer.working.due import Due

POLL_S = 0.2
LOOK_S = 30.0
RETRY_S = 10.0
log = structlog.get_logger()


class Work:
    """Does open requests, oldest first, one at a time."""

    def __init__(self, *, kafka: KafkaAddress, name: str, train: Callable[[Asked], dict[str, Any]], due: Due) -> None:
        self.name = name
        self._kafka, self._train, self._due = kafka, train, due
        self._boards: dict[str, Board] = {}
        self._mine = False
        self._caught_up = False
        self._next_look = self._not_before = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Until asked to stop; a training that is under way then is left, and done again by the next worker."""
        consumer = Consumer(self._config())
        consumer.subscribe([topics.TRAINING], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        try:
            while not stopping.is_set():
                self._read(consumer)
                if self._mine and self._caught_up:
                    self._ask_what_is_due()
                    if (asked := self._oldest()) is not None:
                        self._do(asked, consumer, stopping)
        finally:
            consumer.close()

    def _read(self, consumer: Consumer) -> None:
        for message in consumer.consume(500, POLL_S):
            if (error := message.error()) is not None:
                log.warning("consumer-error", detail=error.str())
                continue
            value = decode(message.value() or b"")
            if value is not None and message.key() == value.model.encode():
                self._boards.setdefault(value.model, Board(model=value.model)).take(value)
        if self._mine and not self._caught_up:
            self._caught_up = self._at_end(consumer)

    @staticmethod
    def _at_end(consumer: Consumer) -> bool:
        try:
            parts = consumer.assignment()
            ends = [watermarks(consumer, part)[1] for part in parts]
            return all(at.offset >= end or end == 0 for at, end in zip(consumer.position(parts), ends, strict=True))
        except KafkaException as error:
            log.warning("consumer-error", detail=str(error))
            return False

    def _oldest(self) -> Asked | None:
        if time.monotonic() < self._not_before:
            return None
        waiting = [asked for board in self._boards.values() for asked in board.open.values()]
        return min(waiting, key=lambda asked: asked.at, default=None)

    def _do(self, asked: Asked, consumer: Consumer, stopping: threading.Event) -> None:
        log.info("training-started", model=asked.model, request=asked.id, actor=asked.actor, reason=asked.reason)
        outcome: list[Exception | dict[str, Any]] = []
        # In a thread, so that the group hears of this worker while it trains, however long that takes.
        thread = threading.Thread(target=self._try, args=(asked, outcome), daemon=True)
        thread.start()
        while thread.is_alive() and not stopping.is_set() and self._mine:
            self._read(consumer)
        if not outcome:
            return
        found = outcome[0]
        if isinstance(found, dict):
            log.info("training-done", model=asked.model, request=asked.id, version=found["version"])
            self._boards[asked.model].open.pop(asked.id, None)
        else:
            self._failed(asked, found)

    def _try(self, asked: Asked, outcome: list[Exception | dict[str, Any]]) -> None:
        try:
            outcome.append(self._train(asked))
        except Exception as error:  # noqa: BLE001 - a folder's code may raise anything; the worker goes on
            outcome.append(error)

    def _failed(self, asked: Asked, error: Exception) -> None:
        """What cannot be done is told and not tried again; what is only away is."""
        if _passing(error):
            log.warning("training-postponed", model=asked.model, request=asked.id, detail=str(error))
            self._not_before = time.monotonic() + RETRY_S
            return
        reason = str(error) if isinstance(error, HeadraceError) else f"{type(error).__name__}: {error}"
        log.error("training-failed", model=asked.model, request=asked.id, detail=reason)
        try:
            post(self._kafka, failed(request=asked, actor=self.name, reason=reason))
            self._boards[asked.model].open.pop(asked.id, None)
        except HeadraceError as away:
            log.warning("training-postponed", model=asked.model, request=asked.id, detail=str(away))
            self._not_before = time.monotonic() + RETRY_S

    def _ask_what_is_due(self) -> None:
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        try:
            self._due.ask(self._boards)
        except HeadraceError as error:
            log.warning("due-unknown", detail=str(error))

    def _assigned(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        for part in parts:
            part.offset = 0
        consumer.assign(parts)
        self._boards.clear()
        self._mine, self._caught_up = bool(parts), False
        log.info("partitions-assigned", partitions=[f"{part.topic}/{part.partition}" for part in parts])

    def _revoked(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        self._mine = False

    def _config(self) -> dict[str, Any]:
        own = {
            "group.id": topics.TRAINER_GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 10_000,
            "isolation.level": "read_committed",
        }
        return self._kafka.client(ErrorEar()) | own


def _passing(error: Exception) -> bool:
    return isinstance(error, ClickHouseUnreachable | KafkaUnreachable | OSError)
