"""Reads the answers and the dead letters as any consumer would: committed records only."""

import json
import threading
import time
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from deploy.demo.tally import Place, Tally
from headrace import topics
from headrace.kafka.clients import KafkaAddress
from headrace.topics import schemas_folder
from headrace.wire.answer import read_schema
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.framing import LONGEST_HEADER


class AnswerReader:
    """A thread that notes every answer and dead letter of a model in the tally."""

    def __init__(self, address: KafkaAddress, model: str, partitions: int, tally: Tally) -> None:
        self._address, self._tally = address, tally
        self._dead = topics.dead_letters(model)
        self._places = [TopicPartition(topics.predictions(model), p, 0) for p in range(partitions)]
        self._places.append(TopicPartition(self._dead, 0, 0))
        self._decoder = ColumnDecoder(read_schema(schemas_folder() / "avro"))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        consumer = Consumer(self._address.reader() | {"fetch.wait.max.ms": 5})
        consumer.assign(self._places)
        while not self._stopping.is_set():
            if first := consumer.consume(1, 0.1):
                self._note([m for m in first + consumer.consume(5000, 0) if not m.error()], time.perf_counter())
        consumer.close()

    def _note(self, messages: list[Message], now: float) -> None:
        dead = [m for m in messages if m.topic() == self._dead]
        values = [m.value() or b"" for m in messages if m.topic() != self._dead]
        with self._tally.lock:
            self._tally.dead_letters.update(_origin(m) for m in dead)
        if avro := [value for value in values if value[:1] == b"\xc3"]:
            self._avro(avro, now)
        if texts := [json.loads(value) for value in values if value[:1] == b"{"]:
            self._tally.answered(
                [(t["source_partition"], t["source_offset"]) for t in texts],
                [t["request_id"] for t in texts],
                [t["version"] for t in texts],
                sum(t["status"] == "ok" for t in texts),
                now,
            )

    def _avro(self, values: list[bytes], now: float) -> None:
        columns = self._decoder.decode(values, LONGEST_HEADER).columns
        taken = [
            columns[name].to_pylist()
            for name in ("source_partition", "source_offset", "request_id", "version", "status")
        ]
        partitions, offsets, ids, versions, statuses = taken
        self._tally.answered(list(zip(partitions, offsets, strict=True)), ids, versions, statuses.count("ok"), now)


def _origin(message: Message) -> Place:
    headers: dict[str, Any] = dict(message.headers() or [])
    return int(headers["source-partition"]), int(headers["source-offset"])
