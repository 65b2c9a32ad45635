"""The ledger of one model, counted as often as one likes."""

import time
from collections.abc import Callable
from types import TracebackType

from headrace.clickhouse.client import ClickHouse
from headrace.kafka.clients import KafkaAddress
from headrace.ledger.counting import add_up, count
from headrace.ledger.deep import DeepCount
from headrace.ledger.positions import Positions
from headrace.ledger.report import LedgerReport
from headrace.ledger.sums import ClickHouseSums

BETWEEN_COUNTS_S = 0.25


class Ledger:
    """Counts one model's requests, answers and rows; not to be shared between threads."""

    def __init__(self, model: str, *, kafka: KafkaAddress, clickhouse: ClickHouse) -> None:
        self._model = model
        self._sums = ClickHouseSums(clickhouse, model)
        self._deep = DeepCount(model, kafka=kafka, clickhouse=clickhouse)
        self._positions = Positions(kafka, model)

    def count(self, *, deep: bool = False, overdue: bool = False) -> LedgerReport:
        """Count once. Kafka is asked first: what it calls taken is in ClickHouse by then, or on the way."""
        positions = self._positions.read()
        headers = self._deep.headers() if deep else []
        blocks = add_up(dated.header for dated in headers) if deep else self._sums.blocks()
        rows = self._sums.row_counts(blocks)
        more = self._deep.faults(headers) if deep else []
        return count(self._model, blocks=blocks, rows=rows, positions=positions, more=more, overdue=overdue)

    def settle(
        self, seconds: float, *, deep: bool = False, told: Callable[[LedgerReport], None] = lambda _: None
    ) -> LedgerReport:
        """Count until nothing waits and nothing is on the way; when the time is over, that counts as unaccounted."""
        until = time.monotonic() + seconds
        report = self.count()
        while not report.settled and (left := until - time.monotonic()) > 0:
            told(report)
            time.sleep(min(BETWEEN_COUNTS_S, left))
            report = self.count()
        return self.count(deep=deep, overdue=True) if deep or not report.settled else report

    def close(self) -> None:
        """Close the connection to Kafka; ClickHouse's belongs to the caller."""
        self._positions.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
