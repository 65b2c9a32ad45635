"""A model of its own on the shared servers: topics, tables, bundles, releases, workers, and the checker's processes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from deploy.local.supervise.spawn import Process, spawn
from headrace import bundle, topics
from headrace.apply.applying import apply
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.kafka.clients import KafkaAddress
from headrace.modelfolder import ModelFolder
from headrace.registry import Registry
from headrace.release import Release, Variant, create_private, release_id, sign, trust
from tests.faults.checker import Sender, read_all
from tests.faults.tinymodel import SCHEMA, draft, write_folder
from tests.faults.worker import Worker, until

PARTITIONS = 2
CHECKER = Path(__file__).with_name("checker.py")


class World:
    """One model, with two partitions if no other number is asked for, released as v1 (or not yet)."""

    def __init__(
        self,
        folder: Path,
        kafka: str,
        clickhouse: tuple[str, int],
        *,
        released: bool = True,
        partitions: int = PARTITIONS,
        replication: int = 1,
    ) -> None:
        self.model = f"f{uuid4().hex[:10]}"
        self.folder, self.data, self.kafka, self.clickhouse = folder, folder / "data", kafka, clickhouse
        self._address = KafkaAddress(bootstrap=kafka)
        self.registry = Registry.open(str(self.data / "registry"))
        self.model_folder = write_folder(folder / "model", self.model, partitions)
        self._database = ClickHouse(ClickHouseAddress(host=clickhouse[0], port=clickhouse[1]))
        apply(
            ModelFolder.read(self.model_folder),
            kafka=self._address,
            replication=replication,
            clickhouse=self._database,
            schemas=self.registry,
        )
        self.stop_merges()
        self._key = create_private(self.data / "keys" / "desk.pem")
        trust(self.data / "keys" / "trusted", self._key.public_key())
        trust(self.signers, self._key.public_key())
        self._formula: dict[str, Any] = {}
        self._workers: list[Worker] = []
        self._senders: list[Process] = []
        self.releases: list[bytes] = []
        if released:
            self.add_version("v1")
            self.release("v1")

    def close(self) -> None:
        """End all processes."""
        for sender in self._senders:
            sender.kill()
            sender.wait()
        for worker in self._workers:
            worker.ask_to_stop()
        for worker in self._workers:
            worker.stop()
        self._database.close()

    def stop_merges(self) -> None:
        """The engine replaces rows of equal identity when it merges; a raw duplicate must stay to be seen.

        To be said again to an engine that was started again.
        """
        for table in (f"{self.model}_predictions", "rejections", "blocks"):
            self._database.run(f"SYSTEM STOP MERGES {table}", doing="stopping merges")

    # bundles and releases

    def add_version(self, version: str) -> str:
        """Write a bundle, put it into the registry; its digest."""
        return self.add_bundle(version, *draft(self.model, version))

    def add_bundle(self, version: str, made: bundle.Draft, formula: Mapping[str, Any]) -> str:
        """The same with a model of one's own, whose scores the checker computes by this formula."""
        bundle.write(self.folder / "bundles" / version, made)
        self._formula[version] = formula
        (self.folder / "formula.json").write_text(json.dumps(self._formula))
        return self.registry.put_bundle(self.folder / "bundles" / version)

    def document(self, version: str, **changes: Any) -> bytes:
        """The next release, signed."""
        release = Release(
            model=self.model,
            sequence=len(self.releases),
            predecessor=release_id(self.releases[-1]) if self.releases else "",
            action="approve",
            variants=(Variant(name="champion", version=version, digest=self.registry.digest(self.model, version)),),
            parameters={"threshold": 0.5},
            actor="a test",
            reason="to see what happens",
            issued_at=datetime.now(UTC).isoformat(),
            key_id="",
        )
        return sign(replace(release, **changes), self._key)

    def release(self, version: str) -> str:
        """Publish the next release; its id."""
        self.releases.append(self.document(version))
        self.publish(self.releases[-1])
        return release_id(self.releases[-1])

    def publish(self, message: bytes) -> None:
        """Put any bytes on model-releases, as if they were a release of this model."""
        producer = Producer(self._address.producer())
        producer.produce(topics.RELEASES, message, key=self.model.encode())
        assert producer.flush(60) == 0

    # workers

    def scorer(self, name: str = "score-a", failpoints: Sequence[str] = (), **env: str) -> Worker:
        """Start a scorer."""
        return self._worker(["score", "--model", self.model], name, failpoints, env)

    def sink(self, failpoints: Sequence[str] = (), *, name: str = "sink", **env: str) -> Worker:
        """Start the sink."""
        return self._worker(["sink"], name, failpoints, env)

    def batch_worker(self, name: str = "batch-a", failpoints: Sequence[str] = (), **env: str) -> Worker:
        """Start a batch worker."""
        return self._worker(["batch"], name, failpoints, env)

    def _worker(self, command: list[str], name: str, failpoints: Sequence[str], env: Mapping[str, str]) -> Worker:
        place = {
            "HEADRACE_DATA_DIR": str(self.data),
            "HEADRACE_KAFKA__BOOTSTRAP": self.kafka,
            "HEADRACE_CLICKHOUSE__HOST": self.clickhouse[0],
            "HEADRACE_CLICKHOUSE__PORT": str(self.clickhouse[1]),
        }
        worker = Worker(command, name, place | env, self.folder, failpoints)
        self._workers.append(worker)
        return worker

    # requests and their checking

    @property
    def signers(self) -> Path:
        """The public keys that may release, as the checker knows them; whatever the workers are told."""
        return self.folder / "signers"

    @property
    def journal(self) -> Path:
        """What the senders noted."""
        return self.folder / "journal.jsonl"

    def sender(self) -> Sender:
        """The checker's sender within this process, for requests of any bytes."""
        return Sender(self.kafka, self.model, SCHEMA, self.journal)

    def sending(self, *, rate: float = 200, json_every: int = 4, **options: Any) -> "Sending":
        """Start the checker's sender; options are those of its command line (count, least, outlier_every)."""
        features = self.model_folder / "features.avsc"
        told = {"rate": rate, "json-every": json_every, "features": features}
        told |= {name.replace("_", "-"): value for name, value in options.items()}
        log = self.folder / "sender.log"
        sender = spawn(self._checker("send", told), env=os.environ, log=log, told_by_pipe=True)
        self._senders.append(sender)
        return Sending(sender)

    def check(self, wait_s: float = 45) -> dict[str, Any]:
        """The checker's report."""
        options = {
            "clickhouse": f"{self.clickhouse[0]}:{self.clickhouse[1]}",
            "answer": topics.schemas_folder() / "avro" / "answer.avsc",
            "formula": self.folder / "formula.json",
            "signers": self.signers,
            "wait": wait_s,
        }
        done = subprocess.run(self._checker("check", options), capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        (self.folder / "report.json").write_text(done.stdout)
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Ask ClickHouse, past any proxy."""
        return self._database.rows(query)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What workers told on `operations` about this model."""
        messages = read_all(self.kafka, topics.OPERATIONS)
        told = [json.loads(message.value()) for message in messages if message.key() == self.model.encode()]
        return [event for event in told if event["event"] == name]

    def await_event(self, name: str, seconds: float = 60, **detail: Any) -> None:
        """Wait until a worker told this."""
        until(
            lambda: any(all(event.get(k) == v for k, v in detail.items()) for event in self.events(name)),
            f"the event {name} with {detail}",
            seconds,
        )

    def limit(self, topic: str, max_message_bytes: int) -> None:
        """Set the largest message that the broker takes into a topic of this model."""
        entry = ConfigEntry("max.message.bytes", str(max_message_bytes), incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        admin = AdminClient(self._address.client())
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(20)

    def _checker(self, verb: str, options: Mapping[str, Any]) -> list[str]:
        every = {"bootstrap": self.kafka, "model": self.model, "journal": self.journal, **options}
        return [sys.executable, str(CHECKER), verb, *(f"--{key}={value}" for key, value in every.items())]


class Sending:
    """A sender at work."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def stop(self, seconds: float = 180) -> None:
        """Ask it to end and wait until all that it sent is acknowledged; it sends what it owes first."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self.wait(seconds)

    def wait(self, seconds: float = 180) -> None:
        """Wait until it has sent its count."""
        assert self._process.wait(seconds) == 0, "the sender failed"
