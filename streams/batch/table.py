"""The output as rows of a ClickHouse table: a part is one insert."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec.structs import replace

from headrace.batch.job import Part, Plan, Receipt, Written
from headrace.batch.outputs import TABLE
from headrace.batch.table import rows_of_part
from headrace.clickhouse.client import ClickHouse
from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable
from headrace.clickhouse.values import values
from streams.batch.rejects import Rejects
from streams.batch.scoring import Scored
from streams.batch.sheet import scored_rows
from streams.engine.errors import NotDelivered

# ClickHouse notes a token before the rows are in their place: killed in between, it takes the repeated insert for done.
ATTEMPTS = 3


class TableOutput:
    """Gathers a part and inserts it as one block, under a token made of job, part and version."""

    acknowledges = False

    def __init__(self, plan: Plan, part: Part, rejects: Rejects, *, typed: bool, clickhouse: ClickHouse) -> None:
        self._plan, self._part, self._rejects = plan, part, rejects
        self._typed, self._clickhouse = typed, clickhouse
        self._table = plan.output.removeprefix(TABLE)
        self._batches: list[pa.RecordBatch] = []

    def add(self, scored: Scored) -> None:
        """Take the next piece; _row is a row's number in its source, from 1."""
        rows = scored_rows(scored, typed=self._typed)
        numbers = pa.array(scored.kept + self._part.first + self._rejects.seen + 1)
        self._batches.append(rows.append_column("_row", numbers))
        self._rejects.add(scored)

    def put(self, receipt: Receipt) -> Receipt | None:
        """The receipt, once the rows are there; what is there already is not inserted again."""
        try:
            self._insert(receipt.rows_scored)
        except (ClickHouseUnreachable, ClickHouseRefused) as error:
            raise NotDelivered("clickhouse-away", str(error)) from None
        return replace(receipt, output=Written(name=self._table), rejected=self._rejects.put())

    def _insert(self, wanted: int) -> None:
        for attempt in range(ATTEMPTS):
            there = rows_of_part(self._clickhouse, self._plan, self._part)
            if there == wanted:
                return
            self._clickhouse.insert(self._table, self._columns(), token=self._token(attempt))
        if rows_of_part(self._clickhouse, self._plan, self._part) != wanted:
            raise NotDelivered("clickhouse-refused", f"{self._table} does not hold part {self._part.number} whole")

    def _token(self, attempt: int) -> str:
        again = f".{attempt}" if attempt else ""
        return f"{self._plan.job}.{self._part.number}.{self._plan.version}{again}"

    def _columns(self) -> dict[str, Sequence[Any]]:
        table = pa.Table.from_batches(self._batches)
        own = {"_job": self._plan.job, "_part": self._part.number, "_version": self._plan.version}
        columns: dict[str, Sequence[Any]] = {name: values(table[name]) for name in table.column_names}
        return columns | {name: [value] * table.num_rows for name, value in own.items()}
