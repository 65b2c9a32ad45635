"""A backlog of log blocks: the same ones in Kafka for the sink and in a file for whoever inserts directly."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer

from deploy.bench import models
from deploy.bench.errors import BenchFailed
from deploy.bench.ground import log_partitions
from deploy.bench.logblocks import log_block
from deploy.bench.site import PARTITIONS, Site
from headrace import topics
from headrace.wire.logblock import encode_block
from headrace.wire.request import RequestReader

VALUES = 5_000
PATIENCE_S = 60.0
SIZE = struct.Struct("<I")


class NoSchemas:
    """Knows none: the requests are written in the model's own."""

    def by_fingerprint(self, mark: bytes) -> None:
        """None is stored."""

    def by_id(self, number: int) -> None:
        """None is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """So many rows in all, in blocks of so many, in a file of blocks each behind its length."""

    rows: int
    block_rows: int
    file: Path


def make(site: Site, rows: int, block_rows: int) -> Backlog:
    """Write it; rows are rounded to whole blocks in each partition."""
    file = site.folder / "blocks"
    a_partition = max(2, round(rows / PARTITIONS / block_rows))
    producer = Producer(site.address.producer())
    with file.open("wb") as out:
        for partition, value in _blocks(site, a_partition, block_rows):
            producer.produce(topics.logs(site.model), value, partition=partition % log_partitions())
            producer.poll(0)
            out.write(SIZE.pack(len(value)) + value)
    if producer.flush(PATIENCE_S):
        raise BenchFailed("the log blocks could not be written to Kafka")
    return Backlog(rows=PARTITIONS * a_partition * block_rows, block_rows=block_rows, file=file)


def _blocks(site: Site, a_partition: int, block_rows: int) -> Iterator[tuple[int, bytes]]:
    values, _ = models.requests(site.model, site.features, VALUES)
    reader = RequestReader(site.model, site.features, NoSchemas())
    for number in range(a_partition):
        for partition in range(PARTITIONS):
            first = number * block_rows
            start = (first + partition * 997) % VALUES
            some = [values[(start + i) % VALUES] for i in range(block_rows)]
            yield partition, encode_block(*log_block(reader.read(some), site.model, partition=partition, first=first))


def read(file: Path) -> Iterator[bytes]:
    """The blocks of a file."""
    with file.open("rb") as blocks:
        while size := blocks.read(SIZE.size):
            yield blocks.read(SIZE.unpack(size)[0])
