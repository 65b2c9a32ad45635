"""Sending one JSON request and waiting for its own answer."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from headrace import topics
from headrace.ask.errors import NotAnswered, NotIdentified, NotSent
from headrace.ask.request import key_of
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import TopicMissing
from headrace.kafka.read import end_offsets

# An answer and its dead letter come in one transaction, but not at one moment.
AFTER_DEAD_LETTER_S = 1.0
SENDING_S = 10
Place = tuple[int, int]


def ask(address: KafkaAddress, model: str, request: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
    """The answer to a request, matched by where the request stands in its topic: a request_id is not unique."""
    ear = ErrorEar()
    consumer = Consumer(address.reader(ear))
    try:
        # Where the answers end is asked before the request is sent, or a quick answer would lie behind that.
        consumer.assign(_ends(consumer, model, address, ear))
        place = _send(address, model, dict(request))
        return _Awaited(model, place).among(consumer, timeout_s)
    finally:
        consumer.close()


def _ends(consumer: Consumer, model: str, address: KafkaAddress, ear: ErrorEar) -> list[TopicPartition]:
    parts: list[TopicPartition] = []
    for topic in (topics.predictions(model), topics.dead_letters(model)):
        ends = end_offsets(consumer, topic, address, ear)
        if not ends:
            raise TopicMissing(topic)
        parts += [TopicPartition(topic, partition, high) for partition, (_, high) in ends.items()]
    return parts


def _send(address: KafkaAddress, model: str, request: dict[str, Any]) -> Place:
    ear, topic = ErrorEar(), topics.requests(model)
    reports: list[tuple[KafkaError | None, Message]] = []
    producer = Producer(address.producer(ear) | {"delivery.timeout.ms": SENDING_S * 1000, "linger.ms": 0})
    value = msgspec.json.encode(request)
    try:
        producer.produce(
            topic,
            value,
            key_of(request),
            on_delivery=lambda error, message: reports.append((error, message)),
        )
        producer.flush(SENDING_S + 1)
    except KafkaException as error:
        raise NotSent(topic, _why(error.args[0], value)) from None
    fault, message = reports[0] if reports else (None, None)
    partition, offset = (message.partition(), message.offset()) if message else (None, None)
    if fault is not None or partition is None or offset is None:
        raise NotSent(topic, _why(fault, value) if fault else ear.last or "Kafka did not confirm it in time")
    return partition, offset


def _why(error: KafkaError, value: bytes) -> str:
    if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
        return error.str()
    return f"it has {len(value):,} bytes, which is more than Kafka takes there"


class _Awaited:
    """The answer or the dead letter of the request at one place."""

    def __init__(self, model: str, place: Place) -> None:
        self._model, self._place = model, place
        self._dead: str | None = None

    def among(self, consumer: Consumer, seconds: float) -> dict[str, Any]:
        """Read until the answer is there; raises NotIdentified or NotAnswered."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for message in consumer.consume(500, min(left, 0.1)):
                if message.error() is None and (answer := self._answer(message)) is not None:
                    return answer
                if self._dead is None and message.error() is None and self._is_dead(message):
                    until = min(until, time.monotonic() + AFTER_DEAD_LETTER_S)
        if self._dead is not None:
            raise NotIdentified(topics.dead_letters(self._model), self._dead)
        raise NotAnswered(topics.requests(self._model), *self._place, seconds)

    def _answer(self, message: Message) -> dict[str, Any] | None:
        value = message.value() or b""
        # Answers come in their requests' format, so ours is JSON.
        if message.topic() != topics.predictions(self._model) or not value.startswith(b"{"):
            return None
        answer: dict[str, Any] = msgspec.json.decode(value)
        return answer if (answer["source_partition"], answer["source_offset"]) == self._place else None

    def _is_dead(self, message: Message) -> bool:
        if message.topic() != topics.dead_letters(self._model):
            return False
        told = dict(message.headers() or ())
        wanted = {"source-partition": self._place[0], "source-offset": self._place[1]}
        if any(told.get(name) != str(number).encode() for name, number in wanted.items()):
            return False
        reason = told.get("reason") or b""
        self._dead = reason if isinstance(reason, str) else reason.decode("utf-8", "replace")
        return True
