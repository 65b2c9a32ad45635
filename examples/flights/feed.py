"""Replays departures as requests, and later their labels, in the order and at the distances of 2013, at any speed.

python examples/flights/feed.py --start 2013-02-01 --end 2013-03-01 --speed 86400
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from confluent_kafka import Producer
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import departures  # noqa: E402

from headrace import topics  # noqa: E402
from headrace.kafka.connect import kafka_address  # noqa: E402
from headrace.modelfolder import ModelFolder  # noqa: E402
from headrace.settings import load  # noqa: E402
from headrace.wire.avro_encode import ColumnEncoder  # noqa: E402
from headrace.wire.framing import fingerprint, single_object  # noqa: E402
from headrace.wire.request import request_schema  # noqa: E402

TICK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it is sent."""

    request_id: str
    key: bytes | None
    value: bytes


class Replay:
    """Requests of a span of time, handed out as their event times come, and their labels as they became known."""

    def __init__(self, folder: ModelFolder, start: datetime, end: datetime) -> None:
        truth = departures.outcomes(start, end)
        self._labels = [_label(**row) for row in truth.to_pylist()]
        self._known: NDArray[np.int64] = _whole(truth["label_time"]).cast(pa.int64()).to_numpy()
        self._next_label = 0
        table = departures.requests(start, end)
        self._requests = encoded(folder, table)
        self._times: NDArray[np.int64] = _whole(table["event_time"]).cast(pa.int64()).to_numpy()
        self._features = table.slice(0, 1).select(folder.features.names).to_pylist()[0]
        self._next = 0

    def __len__(self) -> int:
        return len(self._requests)

    def example(self) -> tuple[Request, dict[str, object]]:
        """The first request, and its features as a client would write them in JSON."""
        return self._requests[0], self._features

    @property
    def over(self) -> bool:
        """Whether all were handed out."""
        return self._next >= len(self._requests)

    def until(self, event_ms: float) -> Sequence[Request]:
        """Those whose event time has come and that were not handed out yet."""
        first, self._next = self._next, int(np.searchsorted(self._times, event_ms))
        return self._requests[first : self._next]

    def labels_until(self, event_ms: float) -> Sequence[tuple[bytes, bytes]]:
        """Keys and values of those that have become known and were not handed out yet."""
        first, self._next_label = self._next_label, int(np.searchsorted(self._known, event_ms, side="right"))
        return self._labels[first : self._next_label]


def _label(request_id: str, label: bool, label_time: datetime) -> tuple[bytes, bytes]:
    known_ms = int(label_time.timestamp() * 1000)
    value = {"request_id": request_id, "label": label, "label_time": known_ms}
    return request_id.encode(), json.dumps(value).encode()


def encoded(folder: ModelFolder, table: pa.Table) -> list[Request]:
    """Departures as Avro messages of the model's request schema, keyed by the aircraft."""
    schema = request_schema(folder.name, folder.features)
    features = [_whole(table[name]) for name in folder.features.names]
    columns = {name: _whole(table[name]) for name in ("request_id", "event_time", "entity")}
    columns["features"] = pa.StructArray.from_arrays(features, list(folder.features.names))
    values = ColumnEncoder(schema).encode(columns, table.num_rows, single_object(fingerprint(schema)))
    ids, entities = columns["request_id"].to_pylist(), columns["entity"].to_pylist()
    return [
        Request(request_id=request_id, key=entity.encode() if entity else None, value=value)
        for request_id, entity, value in zip(ids, entities, values, strict=True)
    ]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined


def main() -> None:
    """Send requests to Kafka as the settings name it."""
    options = _options()
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (options.start, options.end))
    folder = ModelFolder.read(HERE)
    replay = Replay(folder, start, end)
    producer = Producer(kafka_address(load()).producer() | {"linger.ms": 5})
    began, start_ms = time.monotonic(), start.timestamp() * 1000
    labels, now_ms, end_ms = 0, start_ms, end.timestamp() * 1000
    while now_ms < end_ms:
        now_ms = start_ms + (time.monotonic() - began) * options.speed * 1000
        for request in replay.until(now_ms):
            producer.produce(topics.requests(folder.name), request.value, key=request.key)
            producer.poll(0)
        for key, value in replay.labels_until(min(now_ms, end_ms)):
            producer.produce(topics.labels(folder.name), value, key=key)
            producer.poll(0)
            labels += 1
        time.sleep(TICK_S)
    print(f"{len(replay)} requests and {labels} labels sent, {producer.flush(30)} of them not confirmed")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Replay the flights of 2013 as requests.")
    parser.add_argument("--start", default="2013-02-01", help="first day (UTC)")
    parser.add_argument("--end", default="2013-03-01", help="day after the last (UTC)")
    parser.add_argument("--speed", type=float, default=86_400.0, help="seconds of 2013 in one second of today")
    return parser.parse_args()


if __name__ == "__main__":
    main()
