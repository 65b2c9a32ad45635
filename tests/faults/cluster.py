"""Three brokers that are one cluster: records are on all of them, two must have one before it counts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, PartitionMetadata

from deploy.local.kafka.ports import pick_free
from deploy.local.kafka.server import KafkaServer
from deploy.local.kafka.storage import new_cluster_id

BROKERS = 3
HOST = "127.0.0.1"
SHARED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "controlled.shutdown.enable": "true",
    # Three Java programs on a busy machine may be silent for a second without being dead.
    "broker.session.timeout.ms": "3000",
    # A follower that was killed is to be told from one that is slow within seconds.
    "replica.lag.time.max.ms": "5000",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a broker listens; without them each of its starts takes new ones for all but clients."""

    clients: int
    brokers: int
    controllers: int


def pick_ports(brokers: int) -> list[Ports]:
    """Free ones for so many brokers."""
    free = pick_free(3 * brokers, besides=())
    return [Ports(clients=a, brokers=b, controllers=c) for a, b, c in zip(*[iter(free)] * 3, strict=True)]


def listening(number: int, ports: Sequence[Ports], advertised: int | None = None) -> dict[str, str]:
    """Settings of the broker of this number (from 1) of those that have these ports; clients are told `advertised`."""
    own = ports[number - 1]
    others = f"BROKER://{HOST}:{own.brokers}"
    return {
        "node.id": str(number),
        "controller.quorum.voters": ",".join(f"{n}@{HOST}:{port.controllers}" for n, port in enumerate(ports, 1)),
        "listeners": f"CLIENTS://{HOST}:{own.clients},{others},CONTROLLER://{HOST}:{own.controllers}",
        "advertised.listeners": f"CLIENTS://{HOST}:{advertised or own.clients},{others}",
    }


class Cluster:
    """Brokers 1 to 3, each also a voter of the controllers' quorum."""

    def __init__(self, folder: Path) -> None:
        ports, cluster_id = pick_ports(BROKERS), new_cluster_id()
        self.servers = {
            number: KafkaServer(
                folder / f"kafka{number}",
                port.clients,
                settings=SHARED | listening(number, ports),
                cluster_id=cluster_id,
            )
            for number, port in enumerate(ports, 1)
        }

    @property
    def address(self) -> str:
        """All brokers, as clients name them."""
        return ",".join(server.address for server in self.servers.values())

    def start(self) -> None:
        """Start all at once: none answers before there is a majority."""
        with ThreadPoolExecutor(BROKERS) as pool:
            list(pool.map(KafkaServer.start, self.servers.values()))

    def stop(self) -> None:
        """End all; SIGTERM does not end a broker that finds no majority any more."""
        for server in self.servers.values():
            server.kill()

    def leader(self, topic: str, partition: int = 0) -> int:
        """The broker that leads a partition."""
        return next(part.leader for part in self._partitions(topic) if part.id == partition)

    def is_whole(self) -> bool:
        """Whether all replicas of all partitions are in sync."""
        try:
            return all(len(part.isrs) == BROKERS for part in self._partitions())
        except KafkaException:
            return False

    def _partitions(self, topic: str | None = None) -> list[PartitionMetadata]:
        config = {"bootstrap.servers": self.address, "log_level": 0, "error_cb": lambda _: None}
        topics = AdminClient(config).list_topics(timeout=5).topics
        named = topics.values() if topic is None else [topics[topic]]
        return [part for topic in named for part in topic.partitions.values()]
