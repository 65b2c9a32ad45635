"""A broker and a ClickHouse engine of one fault's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.kafka.server import KafkaServer
from deploy.local.part import HOST, Part, launch_clickhouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What a fault may strike: the broker (or brokers, for those who know), and the engine behind its front.

    bootstrap is what the witness and the checker use; a strike that puts a proxy between tells its workers so.
    """

    kafka: Any
    engine: Part
    bootstrap: str

    @property
    def clickhouse(self) -> tuple[str, int]:
        """Host and port of the front."""
        return HOST, self.engine.port


@contextmanager
def own_servers(folder: Path) -> Iterator[Servers]:
    """One broker, one engine, nothing between them and their clients."""
    with KafkaServer(folder / "kafka") as kafka, own_engine(folder) as engine:
        yield Servers(kafka=kafka, engine=engine, bootstrap=kafka.address)


@contextmanager
def own_engine(folder: Path) -> Iterator[Part]:
    """Topics of one name on two brokers would be one to an engine that both share."""
    front = Part("ClickHouse", 0, folder)
    launch_clickhouse(front, folder / "clickhouse")
    try:
        front.await_ready()
        yield front
    finally:
        front.stop()
