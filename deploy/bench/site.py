"""A model of the bench's own on its broker: topics, registry, key, releases, workers."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Producer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.bench.errors import BenchFailed
from deploy.bench.process import Running, running
from deploy.local.kafka.ports import pick_free
from headrace import bundle, topics
from headrace.features import FeatureSet
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.topics import create_topics
from headrace.registry import Registry
from headrace.release import Release, Variant, create_private, release_id, sign, trust
from headrace.wire.request import request_schema

PARTITIONS = 6
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where everything of one model is; releases holds the ids of all, in their order."""

    address: KafkaAddress
    folder: Path
    model: str
    features: FeatureSet
    registry: Registry
    key: Ed25519PrivateKey
    producer: Producer
    releases: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, address: KafkaAddress, folder: Path, model: str, features: FeatureSet) -> "Site":
        """Create the topics, a key, a registry with the schema of requests."""
        folder.mkdir(parents=True, exist_ok=True)
        create_topics(address, topics.all_topics([(model, PARTITIONS)]), 1)
        registry = Registry.open(str(folder / "registry"))
        registry.put_schema(request_schema(model, features))
        key = create_private(folder / "keys" / "desk.pem")
        trust(folder / "keys" / "trusted", key.public_key())
        return cls(
            address=address,
            folder=folder,
            model=model,
            features=features,
            registry=registry,
            key=key,
            producer=Producer(address.producer()),
        )

    def put(self, draft: bundle.Draft) -> str:
        """Write a bundle into the registry; its digest."""
        folder = self.folder / "bundles" / draft.version
        bundle.write(folder, draft)
        digest = self.registry.put_bundle(folder)
        shutil.rmtree(folder)
        return digest

    def tried(self, version: str, cache: Path) -> None:
        """Leave a version in a machine's cache as a desk does that tried it there."""
        digest = self.registry.digest(self.model, version)
        self.registry.fetch_bundle(self.model, version, digest, cache)
        bundle.tried_once(cache, digest, lambda: None)

    def release(self, version: str) -> float:
        """Publish that this version serves everything from here on; the moment (monotonic) at which it was sent."""
        release = Release(
            model=self.model,
            sequence=len(self.releases),
            predecessor=self.releases[-1] if self.releases else "",
            action="approve",
            variants=(Variant(name="champion", version=version, digest=self.registry.digest(self.model, version)),),
            parameters={"threshold": 0.5},
            actor="bench",
            reason="to be measured",
            issued_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            key_id="",
        )
        message = sign(release, self.key)
        approved = time.monotonic()
        self.producer.produce(topics.RELEASES, message, key=self.model.encode())
        if self.producer.flush(PATIENCE_S):
            raise BenchFailed("a release could not be written")
        self.releases.append(release_id(message))
        return approved

    @contextmanager
    def worker(
        self, role: str, name: str, *, cache: str = "cache", env: Mapping[str, str] | None = None
    ) -> Iterator[Running]:
        """`headrace worker ROLE` until the block ends; cache names the machine that it is on."""
        (port,) = pick_free(1, besides=())
        (self.folder / "settings.toml").touch()
        own = {
            "HEADRACE_CONFIG": str(self.folder / "settings.toml"),
            "HEADRACE_DATA_DIR": str(self.folder),
            "HEADRACE_CACHE_DIR": str(self.folder / cache),
            "HEADRACE_KAFKA__BOOTSTRAP": self.address.bootstrap,
            "HEADRACE_WORKER__NAME": name,
            "HEADRACE_WORKER__HTTP_PORT": str(port),
        }
        arguments = ["--model", self.model] if role == "score" else []
        with running(
            self.folder, name, "headrace", "worker", role, *arguments, port=port, env=own | dict(env or {})
        ) as child:
            yield child
