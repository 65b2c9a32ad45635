"""The program: python -m deploy.bench.load TASK.

Open loop: a request is sent when it is due, whether or not earlier ones were answered, and its latency counts from
when it was due. Waiting for answers first would leave out the very moments at which there was a stall.
"""

import gc
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from deploy.bench.load.task import Task
from headrace.kafka.clients import KafkaAddress

# How long the answering side may take to come up, and to give the last answers.
READY_S = 90.0
LAST_S = 20.0
KNOCK_S = 0.1
AHEAD_S = 0.05
KEY_BYTES = 8
LOOKS_A_SECOND = 4
# Keys of requests that only ask whether anybody is there.
KNOCK = -1


class Sender:
    """Sends every request when it is due; late says by how many seconds it missed that."""

    def __init__(self, task: Task, values: list[bytes]) -> None:
        self._task, self._values = task, values
        self._producer = Producer(KafkaAddress(bootstrap=task.bootstrap).producer() | {"linger.ms": 0})
        self.late = np.zeros(task.count)
        self.sent = task.count

    @property
    def lateness(self) -> float:
        """Seconds by which it missed its times (p99)."""
        return float(np.quantile(self.late[: self.sent], 0.99)) if self.sent else 0.0

    def knock(self) -> None:
        """One request into every partition."""
        for partition in range(self._task.partitions):
            self._producer.produce(self._task.requests, self._values[0], key=_key(KNOCK), partition=partition)
        self._producer.flush(READY_S)

    def run(self, start: float) -> None:
        """Send all of them."""
        task, values, producer = self._task, self._values, self._producer
        due, kinds = task.due() + start, len(values)
        look = task.group * max(1, task.rate // (LOOKS_A_SECOND * task.group))
        for first in range(0, task.count, task.group):
            if task.early and first % look == 0 and task.stop.exists():
                self.sent = first
                break
            now = time.monotonic()
            if (wait := due[first] - now) > 0:
                time.sleep(wait)
                now = time.monotonic()
            last = min(first + task.group, task.count)
            self.late[first:last] = now - due[first]
            for i in range(first, last):
                producer.produce(task.requests, values[i % kinds], key=_key(i))
            producer.poll(0)
        producer.flush(LAST_S)


class Receiver:
    """Notes what came when."""

    def __init__(self, task: Task) -> None:
        self._keep = task.keep
        self._consumer = Consumer(KafkaAddress(bootstrap=task.bootstrap).reader())
        places = [TopicPartition(task.answers, p) for p in range(task.partitions)]
        for place in places:
            place.offset = self._consumer.get_watermark_offsets(place, READY_S)[1]
        self._consumer.assign(places)
        self._came: list[tuple[float, list[bytes]]] = []
        self.values: list[bytes] = []
        self.count = self.knocks = 0

    def take(self, seconds: float) -> None:
        """Take what is there, waiting at most so long for the first."""
        messages = self._consumer.consume(1, seconds)
        if not messages:
            return
        messages += self._consumer.consume(4999, 0)
        now = time.monotonic()
        keys = [m.key() or b"" for m in messages if m.error() is None]
        if KNOCK_KEY in keys:
            self.knocks += keys.count(KNOCK_KEY)
            messages = [m for m in messages if m.key() != KNOCK_KEY]
            keys = [key for key in keys if key != KNOCK_KEY]
        self.count += len(keys)
        self._came.append((now, keys))
        if self._keep:
            self.values += map(Message.value, messages)  # type: ignore[arg-type]

    def table(self, start: float) -> pa.Table:
        """One row an answer: which request, when (seconds from the start), and the bytes if they were kept."""
        number = np.frombuffer(b"".join(key for _, keys in self._came for key in keys), np.int64)
        at = np.repeat([when - start for when, _ in self._came], [len(keys) for _, keys in self._came])
        found = {"number": pa.array(number), "at": pa.array(at)}
        return pa.table(found | ({"value": pa.array(self.values, pa.binary())} if self._keep else {}))


def main() -> None:
    """Wait until every partition is answered, send, write down what came."""
    sys.setswitchinterval(0.0005)
    task = Task.read(Path(sys.argv[1]))
    with pa.ipc.open_file(task.values) as file:
        values: list[bytes] = file.read_all()["value"].to_pylist()
    receiver, sender = Receiver(task), Sender(task, values)
    gc.disable()
    _knock(receiver, sender, task.partitions)
    start = time.monotonic() + AHEAD_S
    _write(Path(task.out).with_suffix(".started"), str(start))
    thread = threading.Thread(target=sender.run, args=(start,), daemon=True)
    thread.start()
    until = start + task.count / task.rate + LAST_S
    while receiver.count < sender.sent and time.monotonic() < until:
        receiver.take(0.2)
        if sender.sent < task.count:
            until = min(until, time.monotonic() + LAST_S)
    thread.join(LAST_S)
    cpu_s = time.process_time()
    found = receiver.table(start).replace_schema_metadata(
        {"cpu_s": str(cpu_s), "sent": str(sender.sent), "late_ms": str(1000 * sender.lateness)}
    )
    with pa.OSFile(task.out + ".new", "wb") as out, pa.ipc.new_file(out, found.schema) as writer:
        writer.write_table(found)
    Path(task.out + ".new").rename(task.out)


def _knock(receiver: Receiver, sender: Sender, partitions: int) -> None:
    """Ask until all partitions have answered, and until nothing of that is under way any more."""
    deadline, asked = time.monotonic() + READY_S, 0
    while asked == 0 or receiver.knocks < asked:
        if receiver.knocks == asked:
            sender.knock()
            asked += partitions
        receiver.take(KNOCK_S)
        if time.monotonic() > deadline:
            sys.exit(f"only {receiver.knocks} of {asked} partitions answered within {READY_S:.0f} s")


def _key(number: int) -> bytes:
    return number.to_bytes(KEY_BYTES, "little", signed=True)


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)


KNOCK_KEY = _key(KNOCK)

if __name__ == "__main__":
    main()
