"""A cluster that knows of transactions: what became visible, and which offsets with it."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from headrace.kafka.clients import KafkaAddress
from streams.engine.failpoint import Failpoints
from streams.engine.transaction import Transactions
from streams.engine.watchdog import Watchdog
from tests.fakes.kafka_producer import FakeProducer


class FakeCluster:
    """Opens producers; `fail(call, error)` makes the next such call of any of them fail."""

    def __init__(self) -> None:
        self.producers: list[TransactionalFake] = []
        self.visible: list[Any] = []
        self.offsets: dict[tuple[str, int], int] = {}
        self.metadata: list[Any] = []
        self.refused: list[KafkaError] = []
        self._faults: dict[str, list[KafkaError]] = {}

    def fail(self, call: str, *errors: KafkaError) -> None:
        self._faults[call] = list(errors)

    def refuse(self, error: KafkaError) -> None:
        """The brokers do not take what is produced next; only a delivery report says so."""
        self.refused.append(error)

    def open(self, config: dict[str, Any]) -> "TransactionalFake":
        self.producers.append(TransactionalFake(self, config))
        return self.producers[-1]

    def called(self, call: str) -> None:
        if self._faults.get(call):
            raise KafkaException(self._faults[call].pop(0))


def transactions(
    cluster: FakeCluster, *, group: str, worker: str, timeout_s: float, watchdog: Watchdog
) -> Transactions:
    """The product's own, whose producers the cluster opens."""
    return Transactions(
        address=KafkaAddress(bootstrap="b:1"),
        group=group,
        worker=worker,
        timeout_s=timeout_s,
        watchdog=watchdog,
        failpoints=Failpoints(),
        open_producer=cluster.open,  # type: ignore[arg-type]
    )


class TransactionalFake(FakeProducer):
    """One producer of the cluster; everything that it was asked to do is in `calls`."""

    def __init__(self, cluster: FakeCluster, config: dict[str, Any]) -> None:
        super().__init__()
        self._cluster, self.config = cluster, config
        self.calls: list[str] = []
        self._offsets: dict[tuple[str, int], int] = {}

    def init_transactions(self, timeout: float) -> None:
        self._call("init_transactions")

    def begin_transaction(self) -> None:
        self._call("begin_transaction")
        self.queued.clear()
        self._offsets.clear()

    def send_offsets_to_transaction(self, parts: Sequence[TopicPartition], metadata: Any, timeout: float) -> None:
        self._call("send_offsets_to_transaction")
        self._cluster.metadata.append(metadata)
        self._offsets = {(part.topic, part.partition): part.offset for part in parts}

    def commit_transaction(self, timeout: float) -> None:
        self._report()
        self._call("commit_transaction")
        self._cluster.visible += self.queued
        self._cluster.offsets |= self._offsets

    def abort_transaction(self, timeout: float) -> None:
        self._call("abort_transaction")
        self.queued.clear()

    def flush(self, timeout: float) -> int:
        self._call("flush")
        self._report()
        self._cluster.visible += self.queued
        self.queued.clear()
        return 0

    def poll(self, timeout: float) -> int:
        return 0

    def purge(self) -> None:
        self._call("purge")

    def _report(self) -> None:
        while self._cluster.refused:
            self.queued.pop()
            self.config["on_delivery"](self._cluster.refused.pop(0), None)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self._cluster.called(name)
