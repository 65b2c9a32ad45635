"""An independent witness: sends requests, journals what Kafka acknowledged, then counts what became of each.

It shares no code with the product: plain confluent-kafka, fastavro, clickhouse-driver, cryptography and the standard
library. One file, so that it can be read whole and run alone:

    python tests/faults/checker.py send  --bootstrap … --model m --features features.avsc --journal j --rate 200
    python tests/faults/checker.py check --bootstrap … --clickhouse host:port --model m --journal j --answer answer.avsc

`send` ends after --count requests or when its standard input is closed, but not before --least. `check` prints one
JSON object; `faults` in it names every list that must be empty: lost, duplicate (raw, in FINAL, in the view), wrong
version, inconsistent score, out of order, unknown, unanswered, ledger mismatch, and what else it calls by name.
"""

import argparse
import base64
import fcntl
import hashlib
import io
import json
import math
import select
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
from clickhouse_driver import Client
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

AVRO = b"\xc3\x01"
# Requests a second once the fault is over.
HASTE = 1000.0
# No input of features_of comes near it.
OUTLIER = 77
COLOURS = ("red", "blue", "green", "grün", "")
Place = tuple[int, int]
Schema = Mapping[str, Any]


def crc_64_avro(data: bytes) -> int:
    """The Rabin fingerprint of Avro's specification, bit by bit."""
    empty = 0xC15D213AA4D7A795
    crc = empty
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (empty if crc & 1 else 0)
    return crc


def header(schema: Schema) -> bytes:
    """The ten bytes before a message in Avro single-object encoding."""
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(json.dumps(schema)))
    return AVRO + crc_64_avro(canonical.encode()).to_bytes(8, "little")


def request_schema(model: str, features: Schema) -> dict[str, Any]:
    """The record that the documentation promises to read."""
    time_type = {"type": "long", "logicalType": "timestamp-millis"}
    return {
        "type": "record",
        "name": "Request",
        "namespace": f"headrace.{model}",
        "fields": [
            {"name": "request_id", "type": "string"},
            {"name": "event_time", "type": time_type},
            {"name": "entity", "type": ["null", "string"], "default": None},
            {"name": "features", "type": features},
        ],
    }


def avro(schema: Schema, record: Mapping[str, Any]) -> bytes:
    """A message in Avro single-object encoding."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    return header(schema) + out.getvalue()


def features_of(n: int) -> dict[str, Any]:
    """The inputs of the n-th request; whoever knows n knows them."""
    return {
        "amount": ((n * 7919) % 2001 - 1000) / 250,
        "count": None if n % 7 == 0 else n % 10,
        "night": n % 3 == 0,
        "colour": COLOURS[n % len(COLOURS)],
        "side": ("left", "right")[n % 2],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send: at this rate until count or until standard input ends, and at least `least` even then.

    Every so many requests are JSON; every so many are outliers (0: none).
    """

    count: int
    least: int
    rate: float
    json_every: int
    outlier_every: int


class Sender:
    """Sends requests and writes a line into the journal for each one that Kafka acknowledged."""

    def __init__(self, bootstrap: str, model: str, features: Schema, journal: Path) -> None:
        self._topic, self._journal = f"{model}.requests", journal
        self._lines: list[str] = []
        self._prefix, self._schema = header(schema := request_schema(model, features)), fastavro.parse_schema(schema)
        self.acknowledged = 0
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "message.max.bytes": 20_000_000,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "log_level": 2,
            }
        )

    def request(self, n: int, *, as_json: bool = False) -> None:
        """Send the n-th request."""
        name, key = f"r{n}", f"k{n % 50}"
        now_ms = time.time_ns() // 1_000_000
        record = {"request_id": name, "event_time": now_ms, "entity": key, "features": features_of(n)}
        if as_json:
            self.send(json.dumps(record).encode(), name=name, key=key, n=n)
            return
        body = io.BytesIO()
        fastavro.schemaless_writer(body, self._schema, record)
        self.send(self._prefix + body.getvalue(), name=name, key=key, n=n)

    def send(
        self,
        value: bytes | None,
        *,
        name: str | None,
        key: str,
        n: int | None = None,
        expect: str = "ok",
        partition: int = -1,
    ) -> None:
        """Send any bytes; expect is ok, rejected, or unidentified (a dead letter and no answer)."""
        line = {"id": name, "n": n, "key": key, "expect": expect, "json": (value or b"").startswith(b"{")}
        line["sha"] = hashlib.sha256(value or b"").hexdigest()

        def told(error: KafkaError | None, message: Message) -> None:
            place = (None, None) if error else (message.partition(), message.offset())
            self._lines.append(json.dumps(line | {"partition": place[0], "offset": place[1]}) + "\n")
            self.acknowledged += error is None

        self._producer.produce(self._topic, value, key=key, partition=partition, on_delivery=told)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all is acknowledged, and write the journal."""
        left = self._producer.flush(120)
        self.note()
        assert not left, f"{left} requests were never acknowledged"

    def note(self) -> None:
        """Write down what was acknowledged since; senders of several processes may share the journal."""
        lines, self._lines = self._lines, []
        with self._journal.open("a", encoding="utf-8") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            journal.writelines(lines)

    def paced(self, plan: "Plan") -> None:
        """Send in bursts of a tenth of a second, at the plan's rate until standard input ends, then what is owed."""
        begun, sent, rate = time.monotonic(), 0, plan.rate
        open_ended, most = True, plan.count
        while sent < most:
            due = min(most, sent + max(0, int((time.monotonic() - begun + 0.1) * rate)))
            for n in range(sent, due):
                self.planned(n, plan)
            begun, sent = begun + (due - sent) / rate, due
            self._producer.poll(0)
            self.note()
            if open_ended and select.select([sys.stdin], [], [], 0.1)[0] and not sys.stdin.read(1):
                open_ended, most, rate, begun = False, plan.least, max(rate, HASTE), time.monotonic()
            elif not open_ended:
                time.sleep(0.1)
        self.flush()

    def planned(self, n: int, plan: "Plan") -> None:
        """Send the n-th request of a plan."""
        if plan.outlier_every and n % plan.outlier_every == plan.outlier_every - 1:
            self.outlier(n)
        else:
            self.request(n, as_json=plan.json_every > 0 and n % plan.json_every == 0)

    def outlier(self, n: int) -> None:
        """An input that the model of that test cannot score: to be rejected, and a dead letter."""
        record = {"request_id": f"r{n}", "event_time": time.time_ns() // 1_000_000, "entity": f"k{n % 50}"}
        body = json.dumps(record | {"features": features_of(n) | {"count": OUTLIER}}).encode()
        self.send(body, name=f"r{n}", key=f"k{n % 50}", expect="rejected")


def read_all(bootstrap: str, topic: str, seconds: float = 60) -> Iterator[Message]:
    """All committed records of a topic, from its start to its end."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "checker",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
            "log_level": 2,
        }
    )
    try:
        parts = set(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, part, 0) for part in sorted(parts)])
        until = time.monotonic() + seconds
        while parts:
            assert time.monotonic() < until, f"{topic}: the end was not reached within {seconds} s"
            for message in consumer.consume(2000, 0.2):
                if not message.error():
                    yield message
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    parts.discard(message.partition())
    finally:
        consumer.close()


def read_answer(value: bytes, schema: Any, prefix: bytes) -> dict[str, Any]:
    """An answer in either format; scored_at in microseconds."""
    if value[:1] == b"{":
        answer: dict[str, Any] = json.loads(value)
        return answer | {"scored_at": _micros(datetime.fromisoformat(answer["scored_at"]))}
    assert value[:10] == prefix, "an answer begins with neither { nor the fingerprint of the answer's schema"
    found: Any = fastavro.schemaless_reader(io.BytesIO(value[10:]), schema, None)
    return found | {"scored_at": _micros(found["scored_at"])}


def _micros(when: datetime) -> int:
    return int((when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


class Check:
    """Compares a journal with the topics and ClickHouse."""

    def __init__(
        self,
        bootstrap: str,
        clickhouse: tuple[str, int],
        model: str,
        journal: Path,
        answer: Path,
        formula: Path | None,
        signers: Path | None,
    ) -> None:
        self._bootstrap, self._model = bootstrap, model
        pems = sorted(signers.glob("*.pem")) if signers else None
        self._signers = None if pems is None else [load_pem_public_key(pem.read_bytes()) for pem in pems]
        self.faults: dict[str, list[Any]] = defaultdict(list)
        self._clickhouse = Client(clickhouse[0], clickhouse[1])
        lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        self._maybe = [line for line in lines if line["offset"] is None]
        self._journalled, self._untold = len(lines), len(self._maybe)
        self._sent: dict[Place, dict[str, Any]] = {}
        for line in lines:
            if line["offset"] is not None:
                self._acknowledged((line["partition"], line["offset"]), line)
        plain = json.loads(answer.read_text(encoding="utf-8"))
        self._prefix, self._schema = header(plain), fastavro.parse_schema(plain)
        self._formula = json.loads(formula.read_text(encoding="utf-8")) if formula else {}
        self._sent_at: dict[Place, int] = {}
        self._scored: dict[tuple[str, ...], float] = {}
        self.milliseconds: list[int] = []

    def run(self, wait_s: float) -> dict[str, Any]:
        """The report, once as much was received as was sent or the time is over."""
        self._requests()
        self._await(wait_s)
        answers, letters, rows = self._answers(), self._dead_letters(), self._rows()
        rejections = self._rejections()
        for place, line in self._sent.items():
            self._one(place, line, answers.get(place), place in letters, rows.get(place), place in rejections)
        for what, places in (("answer", answers), ("row", rows), ("dead letter", letters), ("rejection", rejections)):
            for place in places:
                if place not in self._sent:
                    self.faults["unknown"].append((what, *place))
        self._releases(answers)
        self._view(rows)
        blocks = self._ledger(len(rows), len(rejections))
        return {
            "sent": len(self._sent),
            "journalled": self._journalled,
            "acknowledged": self._journalled - self._untold,
            "answers": len(answers),
            "ok": sum(answer["status"] == "ok" for answer in answers.values()),
            "rejected": sum(answer["status"] == "rejected" for answer in answers.values()),
            "dead_letters": len(letters),
            "rows": len(rows),
            "blocks": blocks,
            "answered_ms": percentiles(self.milliseconds),
            "versions": dict(Counter(answer["version"] for answer in answers.values() if answer["version"])),
            "faults": {name: found for name, found in sorted(self.faults.items()) if found},
        }

    def _acknowledged(self, place: Place, line: dict[str, Any]) -> None:
        if place in self._sent:
            self.faults["request gone from Kafka"].append((self._sent[place]["id"], *place, "its place was given anew"))
        self._sent[place] = line

    def _requests(self) -> None:
        """Compare the journal with what stands in Kafka; what stands there unacknowledged is owed an answer, too."""
        never_told = {line["sha"]: line for line in self._maybe}
        for message in read_all(self._bootstrap, f"{self._model}.requests"):
            place, sha = (message.partition(), message.offset()), hashlib.sha256(message.value() or b"").hexdigest()
            self._sent_at[place] = message.timestamp()[1]
            if place not in self._sent and (line := never_told.pop(sha, None)):
                self._sent[place] = line
                self._maybe.remove(line)
            if self._sent.get(place, {}).get("sha") != sha:
                self.faults["unknown" if place not in self._sent else "altered"].append(("request", *place))
        for place in self._sent.keys() - self._sent_at.keys():
            self.faults["request gone from Kafka"].append((self._sent[place]["id"], *place))

    def _await(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        query = "SELECT sum(received) FROM blocks FINAL WHERE model = %(model)s"
        while self._query(query)[0][0] < len(self._sent) and time.monotonic() < until:
            time.sleep(0.2)

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        found: Any = self._clickhouse.execute(query, {"model": self._model})
        return list(found)

    def _answers(self) -> dict[Place, dict[str, Any]]:
        found: dict[Place, dict[str, Any]] = {}
        latest: dict[bytes, Place] = {}
        for message in read_all(self._bootstrap, f"{self._model}.predictions"):
            answer = read_answer(message.value(), self._schema, self._prefix)
            answer["json"], answer["key"] = message.value().startswith(b"{"), message.key()
            place = (answer["source_partition"], answer["source_offset"])
            if place in found:
                self.faults["duplicate"].append((answer["request_id"], *place))
            else:
                self.milliseconds.append(message.timestamp()[1] - self._sent_at.get(place, message.timestamp()[1]))
            found[place] = answer
            before = latest.get(message.key(), (place[0], -1))
            if before[0] == place[0] and before[1] > place[1]:
                self.faults["out of order"].append((answer["request_id"], *place))
            latest[message.key()] = place
        return found

    def _dead_letters(self) -> set[Place]:
        found: set[Place] = set()
        for message in read_all(self._bootstrap, f"{self._model}.dead-letters"):
            told = {name: text.decode() for name, text in message.headers() or []}
            place = (int(told["source-partition"]), int(told["source-offset"]))
            if place in found:
                self.faults["duplicate dead letter"].append(place)
            found.add(place)
            sent = self._sent.get(place, {}).get("sha")
            whole = "cut-from-bytes" in told or sent == hashlib.sha256(message.value() or b"").hexdigest()
            if not told.get("reason") or told.get("source-topic") != f"{self._model}.requests" or not whole:
                self.faults["dead letter without its origin"].append(place)
        return found

    def _rows(self) -> dict[Place, tuple[Any, ...]]:
        columns = (
            "source_partition, source_offset, request_id, entity, version, release, score, decision, "
            "amount, count, night, colour, side"
        )
        found: dict[Place, tuple[Any, ...]] = {}
        for row in self._query(f"SELECT {columns} FROM {self._model}_predictions"):
            if row[:2] in found:
                self.faults["duplicate row"].append((row[2], *row[:2]))
            found[row[:2]] = row
        final = self._query(f"SELECT count() FROM {self._model}_predictions FINAL")[0][0]
        if final != len(found):
            self.faults["duplicate row in FINAL"].append(final - len(found))
        return found

    def _rejections(self) -> set[Place]:
        places = self._query("SELECT source_partition, source_offset FROM rejections WHERE model = %(model)s")
        self.faults["duplicate rejection"] += [place for place, times in Counter(places).items() if times > 1]
        return set(places)

    def _one(self, place: Place, line: dict[str, Any], answer: Any, letter: bool, row: Any, rejection: bool) -> None:
        name = (line["id"], *place)
        status = answer["status"] if answer else "unidentified" if letter else "lost"
        if status == "lost":
            self.faults["lost"].append(name)
            return
        if status != line["expect"]:
            fault = "unanswered" if status == "unidentified" else "unexpected"
            self.faults[fault].append((*name, status, (answer or {}).get("reason")))
        if (row is not None) != (status == "ok"):
            self.faults["lost row" if row is None else "row of a rejected request"].append(name)
        if (letter, rejection) != (status != "ok",) * 2:
            self.faults["rejection without its dead letter or row"].append((*name, letter, rejection))
        if answer and answer["request_id"] != line["id"]:
            self.faults["misattributed"].append((*name, answer["request_id"]))
        if answer and answer["json"] != line["json"]:
            self.faults["other format"].append(name)
        # A key that may be what was too large for Kafka is left out of a rejection.
        if answer and answer["key"] != line["key"].encode() and not (status == "rejected" and answer["key"] is None):
            self.faults["other key"].append((*name, answer["key"]))
        if answer and row and status == "ok":
            self._score(name, line, answer, row)

    def _score(self, name: Any, line: dict[str, Any], answer: dict[str, Any], row: tuple[Any, ...]) -> None:
        told = (answer["request_id"], answer["version"], answer["release"], *answer["scores"], answer["decision"])
        if told != (row[2], *row[4:8]):
            self.faults["inconsistent score"].append((*name, told, row[4:8]))
        if line["n"] is None:
            return
        sent = features_of(line["n"])
        if row[8:] != tuple(sent.values()) or row[3] != line["key"]:
            self.faults["row with other inputs"].append((*name, row[8:]))
        same = self._scored.setdefault((answer["version"], *map(repr, sent.values())), row[6])
        if same != row[6]:
            self.faults["inconsistent score"].append((*name, "of equal inputs", same, row[6]))
        if answer["version"] not in self._formula:
            return
        expected = score(self._formula[answer["version"]], sent)
        if not math.isclose(expected, row[6], rel_tol=1e-9):
            self.faults["wrong score"].append((*name, answer["version"], row[6], expected))

    def _releases(self, answers: Mapping[Place, dict[str, Any]]) -> None:
        released = {}
        for message in read_all(self._bootstrap, "model-releases"):
            if message.key() == self._model.encode():
                identity = hashlib.sha256(message.value()).hexdigest()
                released.setdefault(identity, (message.timestamp()[1] * 1000, message.value()))
        approved = {name for name, (_, document) in released.items() if self._signers is None or self._signed(document)}
        for place, answer in answers.items():
            since, document = released.get(answer["release"], (math.inf, b""))
            if document and answer["release"] not in approved:
                self.faults["unapproved release"].append((answer["request_id"], *place, answer["release"][:12]))
            named = not answer["version"] or f'"version":"{answer["version"]}"'.encode() in document
            if answer["scored_at"] < since or not named:
                told = (answer["request_id"], *place, answer["version"], answer["release"][:12])
                self.faults["wrong version"].append(told)

    def _signed(self, document: bytes) -> bool:
        """Whether one of the signers signed it: over these words and the document as canonical JSON."""
        told = json.loads(document)
        signed = b"headrace release 1\n" + json.dumps(told["document"], sort_keys=True, separators=(",", ":")).encode()
        for signer in self._signers or ():
            with suppress(InvalidSignature):
                signer.verify(base64.b64decode(told["signature"]), signed)
                return True
        return False

    def _view(self, rows: Mapping[Place, tuple[Any, ...]]) -> None:
        """The view by request: one row a request id, that counts as many answers as there were requests of that id."""
        owed = Counter(row[2] for place, row in rows.items() if place in self._sent)
        seen = self._query(f"SELECT request_id, answers FROM {self._model}_by_request")
        twice = [name for name, times in Counter(name for name, _ in seen).items() if times > 1]
        self.faults["duplicate in the view"] += twice + [name for name, times in seen if times > owed[name]]
        told = dict(seen)
        self.faults["missing in the view"] += [name for name, times in owed.items() if told.get(name, 0) < times]

    def _ledger(self, rows: int, rejections: int) -> int:
        columns = (
            "source_partition, first_offset, last_offset, previous_last_offset, "
            "received, answered, rejected, unidentified, logged, versions"
        )
        order = "ORDER BY source_partition, first_offset"
        blocks = self._query(f"SELECT {columns} FROM blocks WHERE model = %(model)s {order}")
        last: dict[int, int] = {}
        for block in blocks:
            part, first, end, previous, received, answered, rejected, unidentified, logged, versions = block
            counts = {received, end - first + 1, answered + unidentified, logged + rejected}
            adds_up = len(counts) == 1 and sum(versions.values()) == logged
            if previous != last.get(part, -1) or first != previous + 1 or not adds_up:
                self.faults["ledger mismatch"].append(block)
            if len(versions) > 1:
                self.faults["mixed block"].append(block)
            last[part] = end
        for what, told, counted in (
            ("received", sum(b[4] for b in blocks), len(self._sent)),
            ("logged", sum(b[8] for b in blocks), rows),
            ("rejected", sum(b[6] for b in blocks), rejections),
        ):
            if told != counted:
                self.faults["ledger mismatch"].append((what, told, counted))
        return len(blocks)


def percentiles(values: list[int]) -> dict[str, int]:
    """Of milliseconds from the request's time in Kafka to its answer's, which is set before the commit."""
    ordered = sorted(values) or [0]
    at = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in at.items()}


def score(formula: Mapping[str, Any], features: Mapping[str, Any]) -> float:
    """A logistic regression by hand."""
    codes = formula["colours"]
    inputs = [
        features["amount"],
        formula["fill"] if features["count"] is None else features["count"],
        float(features["night"]),
        codes.index(features["colour"]) if features["colour"] in codes else -1,
        ("left", "right").index(features["side"]),
    ]
    logit = formula["intercept"] + sum(w * x for w, x in zip(formula["weights"], inputs, strict=True))
    return 1 / (1 + math.exp(-logit))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    send, check = verbs.add_parser("send"), verbs.add_parser("check")
    for verb in (send, check):
        verb.add_argument("--bootstrap", required=True)
        verb.add_argument("--model", required=True)
        verb.add_argument("--journal", required=True, type=Path)
    send.add_argument("--features", required=True, type=Path)
    send.add_argument("--count", type=int, default=10_000_000)
    send.add_argument("--least", type=int, default=0)
    send.add_argument("--rate", type=float, default=200)
    send.add_argument("--json-every", type=int, default=4)
    send.add_argument("--outlier-every", type=int, default=0)
    check.add_argument("--clickhouse", required=True)
    check.add_argument("--answer", required=True, type=Path)
    check.add_argument("--formula", type=Path)
    check.add_argument("--signers", type=Path, help="folder of the public keys that may release (default: not checked)")
    check.add_argument("--wait", type=float, default=60)
    asked = parser.parse_args()
    if asked.verb == "send":
        features = json.loads(asked.features.read_text(encoding="utf-8"))
        sender = Sender(asked.bootstrap, asked.model, features, asked.journal)
        plan = {field.name: getattr(asked, field.name) for field in fields(Plan)}
        sender.paced(Plan(**plan))
        return
    host, _, port = asked.clickhouse.rpartition(":")
    address = (host, int(port))
    check_it = Check(asked.bootstrap, address, asked.model, asked.journal, asked.answer, asked.formula, asked.signers)
    report = check_it.run(asked.wait)
    print(json.dumps(report, default=str))
    sys.exit(1 if report["faults"] else 0)


if __name__ == "__main__":
    main()
