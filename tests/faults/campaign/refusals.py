"""What strikes at releases share: a scorer that serves, waiting for a release, rows that say why one was refused."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from deploy.desk.desk import Desk
from headrace import bundle, topics
from headrace.kafka.clients import KafkaAddress
from headrace.release import release_id
from tests.faults.campaign.documents import release_bundle
from tests.faults.campaign.stage import Stage
from tests.faults.tinymodel import draft
from tests.faults.worker import Worker

LOADED, REFUSED, NOT_LOADED = "release-loaded", "release-refused", "release-not-loaded"
STORM_S = 5.0
# A bundle is tried first, in a child process that has to import scikit-learn; that takes long on a busy machine.
FIRST_S = 240.0


def serving(stage: Stage) -> Worker:
    """One scorer and the sink, requests flowing, v1 answering."""
    scorer = stage.world.scorer()
    stage.world.sink()
    await_loaded(stage, [scorer], release_id(stage.world.releases[-1]))
    stage.sending(rate=100)
    stage.await_more(50)
    return scorer


def still_and_then(stage: Stage, version: str) -> None:
    """Nothing but v1 has answered so far; a good release is still taken."""
    answered = stage.world.query(f"SELECT DISTINCT version FROM {stage.world.model}_predictions")
    stage.expect(answered == [("v1",)], f"before the first good release {answered} have answered")
    stage.world.add_version(version)
    release = stage.world.release(version)
    query = f"SELECT count() FROM {stage.world.model}_predictions WHERE release = '{release}'"
    stage.until(lambda: stage.world.query(query)[0][0], "answers of the good release", 120)


def passes(stage: Stage) -> int:
    return 1 if stage.size.brief else 3


def desk(stage: Stage) -> Desk:
    world = stage.world
    return Desk(
        kafka=KafkaAddress(bootstrap=world.kafka),
        registry=world.registry,
        cache=world.data / "cache",
        key_file=world.data / "keys" / "desk.pem",
        trusted_folder=world.data / "keys" / "trusted",
        actor="a desk",
    )


def written(stage: Stage, version: str) -> Path:
    folder = stage.world.folder / "bundles" / version
    bundle.write(folder, draft(stage.world.model, version)[0])
    return folder


def registered(stage: Stage, version: str, digest: str) -> str:
    stage.world.registry.put_bundle(stage.world.folder / "bundles" / version)
    return release_bundle(stage.world, version, digest)


def chained(stage: Stage, number: int) -> list[bytes]:
    """The next releases, in turns of v2 and v3; not published."""
    first = len(stage.world.releases)
    for turn in range(number):
        stage.world.releases.append(stage.world.document(("v2", "v3")[turn % 2]))
    return stage.world.releases[first:]


def pour(stage: Stage, documents: list[bytes]) -> None:
    """Publish them evenly over 5 s, by one producer."""
    producer = Producer({"bootstrap.servers": stage.world.kafka, "enable.idempotence": True, "linger.ms": 0})
    begun = time.monotonic()
    for number, document in enumerate(documents):
        producer.produce(topics.RELEASES, document, key=stage.world.model.encode())
        producer.poll(0)
        stage.wait(max(0.0, begun + (number + 1) * STORM_S / len(documents) - time.monotonic()))
    assert producer.flush(30) == 0


def await_loaded(stage: Stage, scorers: Collection[Worker], release: str, seconds: float = FIRST_S) -> None:
    """Wait until all have swapped it in."""
    what = f"{release[:12]} is loaded by all"
    stage.until(lambda: all(loads(scorer, release) for scorer in scorers), what, seconds)


def loads(scorer: Worker, release: str) -> int:
    """How often a worker has swapped in a release, over all its lives."""
    lines = scorer.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return sum(f"event={LOADED} " in line and f"release={release} " in line for line in lines)


def not_loaded(stage: Stage, release: str, reasons: set[str], how: str = "", seconds: float = FIRST_S) -> None:
    """The refusal has its row in ClickHouse, with one of these reasons."""
    as_asked = told(stage, NOT_LOADED, reasons, seconds=seconds, release=release)
    stage.expect(
        as_asked, f"{how or release[:12]} was not refused for {reasons}: {events(stage, NOT_LOADED, release=release)}"
    )


def refused(stage: Stage, message: bytes, reason: str, times: int = 1) -> str:
    """Publish what must not count; each worker tells so, with its reason. Its id."""
    before = len(events(stage, REFUSED, reason=reason))
    stage.world.publish(message)
    what = f"{reason} is told ({times})"
    stage.until(lambda: len(events(stage, REFUSED, reason=reason)) >= before + times, what)
    return release_id(message)


def told(stage: Stage, event: str, reasons: set[str], *, times: int = 1, seconds: float = 120, **fields: Any) -> bool:
    """Wait until workers told this of one thing so often; whether all of them gave one of the reasons."""
    what = f"{event} of {fields} is told ({times})"
    stage.until(lambda: len(events(stage, event, **fields)) >= times, what, seconds)
    return {one["reason"] for one in events(stage, event, **fields)} <= reasons


def events(stage: Stage, name: str, **fields: Any) -> list[dict[str, Any]]:
    """What ClickHouse knows that workers told."""
    rows = stage.world.query(f"SELECT body FROM events WHERE model = '{stage.world.model}' AND event = '{name}'")
    told = [json.loads(body) for (body,) in rows]
    return [one for one in told if all(one.get(field) == value for field, value in fields.items())]


def size(worker: Worker) -> dict[str, int]:
    """Memory, open files and threads of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines())
    files = len(list(Path(f"/proc/{worker.pid}/fd").iterdir()))
    return {"rss_mb": int(status["VmRSS"].split()[0]) // 1024, "files": files, "threads": int(status["Threads"])}
