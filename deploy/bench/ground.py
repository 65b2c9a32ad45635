"""The ground on which all contenders run: one broker, one topic of requests, one released model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.bench import workload
from deploy.bench.errors import BenchFailed
from deploy.bench.workload import Estimator, Form, Keyed, Workload
from deploy.desk.desk import Desk
from headrace import topics
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import create_topics
from headrace.registry import Registry
from headrace.release import create_private, trust

PARTITIONS = 6
CHUNK = 20_000
PATIENCE_S = 60.0
# Answers are dated by the broker, so that the clock of no contender counts.
BY_THE_BROKER = {"message.timestamp.type": "LogAppendTime"}

Kind = Literal["doubles", "flights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where everything is."""

    address: KafkaAddress
    data_dir: Path
    bundle: Path
    work: Workload
    form: Form = "avro"

    @property
    def model(self) -> str:
        """The model's name."""
        return self.work.model


def prepare(
    address: KafkaAddress,
    data_dir: Path,
    kind: Kind,
    records: int,
    *,
    estimator: Estimator = "logistic",
    form: Form = "avro",
) -> Ground:
    """Train, release, create the topics and fill the requests."""
    registry = Registry.open(str(data_dir / "registry"))
    make = workload.flights if kind == "flights" else workload.doubles
    work = make(registry, data_dir / "written", records, estimator=estimator)
    if form == "json":
        work = workload.as_json(work)
    answer_topics(address, topics.predictions(work.model))
    create_topics(address, topics.all_topics([(work.model, PARTITIONS)]), 1)
    registry.put_schema(work.schema)
    _release(address, registry, data_dir, work)
    fill(address, topics.requests(work.model), work.requests)
    digest = registry.digest(work.model, work.version)
    bundle = registry.fetch_bundle(work.model, work.version, digest, data_dir / "cache")
    return Ground(address=address, data_dir=data_dir, bundle=bundle, work=work, form=form)


def log_partitions() -> int:
    """As many as Headrace's own log has: whoever logs does so in no more."""
    (logs,) = (topic for topic in topics.model_topics("m", PARTITIONS) if topic.name == topics.logs("m"))
    return logs.partitions


def answer_topics(address: KafkaAddress, *names: str, partitions: int = PARTITIONS) -> None:
    """Create topics of as many partitions as the requests have, if no other number is asked for."""
    admin = AdminClient(address.client())
    wanted = [NewTopic(name, partitions, 1, config=BY_THE_BROKER) for name in names]
    for future in admin.create_topics(wanted).values():
        future.result(PATIENCE_S)


def fill(address: KafkaAddress, topic: str, requests: Sequence[Keyed]) -> None:
    """Write all requests once."""
    producer = Producer(address.producer() | {"linger.ms": 5, "queue.buffering.max.messages": 2 * CHUNK})
    for start in range(0, len(requests), CHUNK):
        chunk: list[dict[str, Any]] = [{"key": k, "value": v} for k, v in requests[start : start + CHUNK]]
        if producer.produce_batch(topic, chunk) != len(chunk) or producer.flush(PATIENCE_S):
            raise BenchFailed(f"the requests could not be written to {topic}")


def _release(address: KafkaAddress, registry: Registry, data_dir: Path, work: Workload) -> None:
    keys = data_dir / "keys"
    trust(keys / "trusted", create_private(keys / "desk.pem").public_key())
    desk = Desk(
        kafka=address,
        registry=registry,
        cache=data_dir / "cache",
        key_file=keys / "desk.pem",
        trusted_folder=keys / "trusted",
        actor="bench",
    )
    desk.approve(work.model, work.version, reason="to be measured")


def write_schema(folder: Path, work: Workload) -> Path:
    """The requests' schema as a file, for contenders that know nothing of the registry."""
    path = folder / "request.avsc"
    path.write_text(json.dumps(work.schema), encoding="utf-8")
    return path
