"""Labels of every kind of trouble, from their topic to `headrace quality`, on real Kafka and the real engine."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer
from sklearn import metrics

from headrace.quality.command import quality
from tests.faults.checker import avro, header, read_all, read_answer
from tests.faults.worker import until
from tests.faults.world import World

SCHEMAS = Path(__file__).parents[2] / "schemas" / "avro"
HOUR_MS = 3_600_000
REQUESTS = 400


@pytest.fixture
def world(kafka: str, clickhouse: tuple[str, int], kafka_jars: None, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "world", kafka, clickhouse)
    yield made
    made.close()


class Labels:
    """Sends labels and remembers, for each request, what must count in the end."""

    def __init__(self, world: World) -> None:
        self._topic = f"{world.model}.labels"
        self._producer = Producer({"bootstrap.servers": world.kafka, "log_level": 2})
        self._schema = json.loads((SCHEMAS / "label.avsc").read_text())
        self.latest: dict[str, tuple[int, float]] = {}
        self.contradictory: set[str] = set()
        self.sent = 0

    def send(self, request_id: str, label: bool, at_ms: int, *, as_json: bool = False) -> None:
        record = {"request_id": request_id, "label": label, "label_time": at_ms}
        self.raw(json.dumps(record).encode() if as_json else avro(self._schema, record), request_id)
        before = self.latest.get(request_id)
        if before and before[1] != float(label):
            self.contradictory.add(request_id)
        self.latest[request_id] = max(before or (at_ms, float(label)), (at_ms, float(label)), key=lambda one: one[0])

    def raw(self, value: bytes, key: str) -> None:
        self._producer.produce(self._topic, value, key=key.encode())
        self.sent += 1

    def flush(self) -> None:
        assert self._producer.flush(30) == 0


def test_late_early_doubled_contradictory_and_unknown_labels_make_the_quality_that_the_raw_topics_make(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some labels come before their request was even sent, some twice, some out of order with another value, some for
    nobody; some are no labels.

    Seen to fail with the label that came last counted instead of the latest by its own time.
    """
    world.scorer()
    world.sink()
    labels, now_ms = Labels(world), int(datetime.now(UTC).timestamp() * 1000)
    random = np.random.default_rng(7)
    truth = {f"r{n}": bool(random.random() < 0.5) for n in range(REQUESTS)}
    for n in range(100):  # before their prediction
        labels.send(f"r{n}", truth[f"r{n}"], now_ms + HOUR_MS, as_json=n % 2 == 0)
    labels.flush()
    sender = world.sender()
    for n in range(REQUESTS):
        sender.request(n, as_json=n % 5 == 0)
    sender.flush()
    for n in range(100, 350):
        labels.send(f"r{n}", truth[f"r{n}"], now_ms + HOUR_MS)
    for n in range(40):  # again, the same
        labels.send(f"r{n}", truth[f"r{n}"], now_ms + HOUR_MS)
    for n in range(40, 60):  # an older one that comes later, of another value
        labels.send(f"r{n}", not truth[f"r{n}"], now_ms)
    for n in range(60, 80):  # a newer one of another value
        labels.send(f"r{n}", not truth[f"r{n}"], now_ms + 2 * HOUR_MS)
    for n in range(30):
        labels.send(f"nobody-{n}", True, now_ms)
        labels.raw(b"\xffnoise", "x")
    labels.flush()

    until(lambda: world.query(f"SELECT count() FROM {world.model}_labels FINAL") == [(labels.sent,)], "all labels")
    until(lambda: world.query(f"SELECT count() FROM {world.model}_predictions") == [(REQUESTS,)], "all rows")
    ((unfit,),) = world.query(f"SELECT count() FROM {world.model}_labels FINAL WHERE reason LIKE 'unknown-format: %'")
    assert unfit == 30
    ((contradictory,),) = world.query(f"SELECT countIf(contradictory) FROM {world.model}_labelled")
    assert contradictory == len(labels.contradictory) == 40

    told = asked(world, monkeypatch, "--window", "1d")
    windows = [one for one in told["cohorts"] if one["window"]]
    assert sum(one["predicted"] for one in windows) == REQUESTS
    assert sum(one["labels"] for one in windows) == 350
    assert {one["state"] for one in windows} == {"immature"}
    if len(windows) == 1:  # else it was midnight
        expected = recomputed(world, labels)
        for name, value in expected.items():
            assert windows[0][name][0] == pytest.approx(value, abs=1e-9), name


def test_a_request_that_was_sent_twice_is_judged_once_by_its_first_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.scorer()
    world.sink()
    sender, labels = world.sender(), Labels(world)
    for _ in range(2):
        for n in range(50):
            sender.request(n)
        sender.flush()
    for n in range(50):
        labels.send(f"r{n}", n % 2 == 0, int(datetime.now(UTC).timestamp() * 1000))
    labels.flush()
    until(lambda: world.query(f"SELECT count() FROM {world.model}_labels FINAL") == [(50,)], "all labels")
    until(lambda: world.query(f"SELECT count() FROM {world.model}_predictions") == [(100,)], "all rows")
    told = asked(world, monkeypatch)
    assert sum(one["predicted"] for one in told["cohorts"]) == sum(one["labels"] for one in told["cohorts"]) == 50


def test_a_model_that_nobody_applied_is_told_with_those_that_were(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(world, monkeypatch)
    done = CliRunner().invoke(quality, ["nosuch"])
    assert world.model in str(done.exception) and "headrace apply" in str(done.exception)


def recomputed(world: World, labels: Labels) -> dict[str, float]:
    """From the answers' topic and what was sent, with plain clients and scikit-learn."""
    answer_schema = json.loads((SCHEMAS / "answer.avsc").read_text())
    parsed, prefix = fastavro.parse_schema(json.loads(json.dumps(answer_schema))), header(answer_schema)
    answers = [read_answer(m.value(), parsed, prefix) for m in read_all(world.kafka, f"{world.model}.predictions")]
    pairs = [(labels.latest[a["request_id"]][1], a) for a in answers if a["request_id"] in labels.latest]
    truth = np.array([pair[0] for pair in pairs])
    scores = np.array([pair[1]["scores"][0] for pair in pairs])
    said = np.array([pair[1]["decision"] for pair in pairs])
    return {
        "auc": metrics.roc_auc_score(truth, scores),
        "log_loss": metrics.log_loss(truth, scores),
        "brier": metrics.brier_score_loss(truth, scores),
        "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said),
    }


def asked(world: World, monkeypatch: pytest.MonkeyPatch, *options: str) -> dict[str, Any]:
    """What `headrace quality --json` prints."""
    place(world, monkeypatch)
    done = CliRunner().invoke(quality, [world.model, "--json", *options], catch_exceptions=False)
    found: dict[str, Any] = json.loads(done.output)
    return found


def place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_DATA_DIR", str(world.data))
    monkeypatch.setenv("HEADRACE_CLICKHOUSE__HOST", world.clickhouse[0])
    monkeypatch.setenv("HEADRACE_CLICKHOUSE__PORT", str(world.clickhouse[1]))
