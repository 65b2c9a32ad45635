"""A model whose blocks, rows, answers and offsets a test writes by hand, on a real broker and the real engine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from headrace import topics
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress, statements
from headrace.clickhouse.ddl import model_script, shared_script
from headrace.features import FeatureSet
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable
from headrace.kafka.read import end_offsets
from headrace.kafka.topics import create_topics
from headrace.ledger.ledger import Ledger
from headrace.ledger.report import LedgerReport
from headrace.topics import scorers_group

FEATURES = {"type": "record", "name": "Features", "fields": [{"name": "x", "type": "double"}]}
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class LedgerWorld:
    """One model of its own name with two partitions."""

    def __init__(self, kafka: str, clickhouse: tuple[str, int], features: dict[str, Any] = FEATURES) -> None:
        self.model = f"m{uuid4().hex[:12]}"
        self.kafka = KafkaAddress(bootstrap=kafka)
        self.address = ClickHouseAddress(host=clickhouse[0], port=clickhouse[1])
        self.clickhouse = ClickHouse(self.address)
        self.features = FeatureSet.parse(features)
        for statement in statements(shared_script()) + statements(model_script(self.model, self.features)):
            self.clickhouse.run(statement, doing="creating tables")
        create_topics(self.kafka, made := topics.model_topics(self.model, 2), 1)
        for topic in made:
            self._await_leaders(topic.name)
        self.ledger = Ledger(self.model, kafka=self.kafka, clickhouse=self.clickhouse)
        self._block = 0

    def _await_leaders(self, topic: str, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        reader = Consumer(self.kafka.reader())
        while True:
            try:
                assert end_offsets(reader, topic, self.kafka, ErrorEar())
                break
            except KafkaUnreachable:
                assert time.monotonic() < until, f"{topic} has no leader"
        reader.close()

    def count(self, **how: Any) -> LedgerReport:
        return self.ledger.count(**how)

    def close(self) -> None:
        self.ledger.close()
        self.clickhouse.close()

    def request(self, number: int, partition: int = 0, *, transactional: bool = False) -> None:
        """Send requests; transactional leaves a marker behind them."""
        config = self.kafka.producer() | ({"transactional.id": uuid4().hex} if transactional else {})
        producer = Producer(config)
        if transactional:
            producer.init_transactions(20)
            producer.begin_transaction()
        for _ in range(number):
            producer.produce(topics.requests(self.model), b"{}", partition=partition)
        assert producer.flush(20) == 0
        if transactional:
            producer.commit_transaction(20)

    def delete_requests_before(self, offset: int, partition: int = 0) -> None:
        """What retention does."""
        place = TopicPartition(topics.requests(self.model), partition, offset)
        admin = AdminClient(self.kafka.client())
        for future in admin.delete_records([place]).values():
            future.result(20)

    def take(self, next_offset: int, partition: int = 0) -> None:
        """Commit what the scorers' group would."""
        consumer = Consumer(self.kafka.reader() | {"group.id": scorers_group(self.model)})
        place = TopicPartition(topics.requests(self.model), partition, next_offset)
        consumer.commit(offsets=[place], asynchronous=False)
        consumer.close()

    def block(
        self,
        first: int,
        last: int,
        *,
        partition: int = 0,
        previous: int | None = None,
        rejected: Iterable[int] = (),
        unidentified: Iterable[int] = (),
        rows: Iterable[int] | None = None,
        rejections: Iterable[int] | None = None,
        **said: int,
    ) -> None:
        """A block with its rows and rejections; these and the header's numbers may be told otherwise."""
        unknown = list(unidentified)
        bad = [*rejected, *unknown]
        received = last - first + 1
        good = [offset for offset in range(first, last + 1) if offset not in bad]
        self.rows(good if rows is None else rows, partition)
        self.rejections(bad if rejections is None else rejections, partition)
        header = {
            "received": received,
            "answered": received - len(unknown),
            "rejected": len(bad),
            "unidentified": len(unknown),
            "logged": len(good),
        }
        self.header(partition, first, last, first - 1 if previous is None else previous, **(header | said))

    def header(
        self, partition: int, first: int, last: int, previous: int, *, again: bool = False, **numbers: int
    ) -> None:
        """A block's row in ClickHouse; again: the last log block's, by another worker."""
        self._block += not again
        self._insert(
            "blocks",
            topic=topics.logs(self.model),
            partition=partition,
            offset=self._block,
            model=self.model,
            source_topic=topics.requests(self.model),
            source_partition=partition,
            first_offset=first,
            last_offset=last,
            previous_last_offset=previous,
            versions={"v1": numbers["logged"]},
            release="r",
            worker="zombie" if again else "w",
            scored_at=NOW,
            **numbers,
        )

    def rows(self, offsets: Iterable[int], partition: int = 0, *, scored_at: datetime = NOW, **more: Any) -> None:
        for offset in offsets:
            row = {"request_id": f"r{offset}", "event_time": NOW, "x": 1.0, "score": 0.5, "decision": True}
            place = {"source_partition": partition, "source_offset": offset, "scored_at": scored_at}
            names = {"version": "v1", "variant": "champion", "release": "r"}
            self._insert(f"{self.model}_predictions", **(row | place | names | more))

    def rejections(self, offsets: Iterable[int], partition: int = 0) -> None:
        for offset in offsets:
            self._insert(
                "rejections",
                model=self.model,
                source_topic=topics.requests(self.model),
                source_partition=partition,
                source_offset=offset,
                request_id=None,
                reason="malformed: by hand",
                worker="w",
                scored_at=NOW,
            )

    def answers(self, offsets: Iterable[int], partition: int = 0) -> None:
        values = [json.dumps({"source_partition": partition, "source_offset": o}).encode() for o in offsets]
        self.publish(topics.predictions(self.model), values)

    def dead_letters(self, offsets: Iterable[int], partition: int = 0) -> None:
        for offset in offsets:
            headers = [("source-partition", str(partition).encode()), ("source-offset", str(offset).encode())]
            self.publish(topics.dead_letters(self.model), [b"?"], headers)

    def publish(self, topic: str, values: Iterable[bytes], headers: list[tuple[str, bytes]] | None = None) -> None:
        producer = Producer(self.kafka.producer())
        for value in values:
            producer.produce(topic, value, headers=headers or [])
        assert producer.flush(20) == 0

    def _insert(self, table: str, **row: Any) -> None:
        self.clickhouse.insert(table, {name: [value] for name, value in row.items()})
