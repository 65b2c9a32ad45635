"""What ClickHouse adds up for the ledger, so that only a line a partition has to be fetched."""

from collections.abc import Mapping

from headrace import topics
from headrace.clickhouse.client import ClickHouse
from headrace.clickhouse.errors import ClickHouseRefused
from headrace.ledger.errors import NotApplied
from headrace.ledger.facts import BlockSums, Joint, RowCounts
from headrace.modelfolder import NAME

UNKNOWN_TABLE = 60

# A block is compared with the furthest request of all before it, not with the last one's: one block inside another
# would else make the next look like a gap.
BLOCKS = """
SELECT
    source_partition,
    count(),
    sum(received),
    sum(answered),
    sum(rejected),
    sum(unidentified),
    sum(logged),
    max(last_offset),
    sum(abs(toInt64(received) - answered - unidentified)),
    sum(abs(toInt64(answered) - rejected + unidentified - logged)),
    groupArrayIf((covered, previous_last_offset, first_offset, last_offset),
        previous_last_offset != covered OR previous_last_offset >= first_offset OR first_offset > last_offset)
FROM
(
    SELECT
        *,
        if(row_number() OVER before = 1, -1, lagged) AS covered,
        max(last_offset) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS lagged
    FROM blocks FINAL
    WHERE model = %(model)s AND source_topic = %(topic)s
    WINDOW before AS (PARTITION BY source_partition ORDER BY first_offset, last_offset, partition, offset)
)
GROUP BY source_partition
"""

# Only up to the last block: rows come before the block that vouches for them, and those of an unfinished range are
# still on the way. An identity is one row even where it was inserted in two months.
ROWS = """
SELECT source_partition, {counted}
FROM {table}
WHERE {where} source_offset <= transform(source_partition, %(partitions)s, %(lasts)s, toInt64(-1))
GROUP BY source_partition
SETTINGS do_not_merge_across_partitions_select_final = 0
"""


class ClickHouseSums:
    """The ledger's questions to ClickHouse about one model."""

    def __init__(self, clickhouse: ClickHouse, model: str) -> None:
        if not NAME.fullmatch(model):
            raise NotApplied(model)
        self._clickhouse, self._model = clickhouse, model

    def blocks(self) -> dict[int, BlockSums]:
        """The headers of each partition, added up."""
        told = {"model": self._model, "topic": topics.requests(self._model)}
        found = self._rows(BLOCKS, told, "adding up log blocks")
        return {partition: _sums(*numbers, joints=joints) for partition, *numbers, joints in found}

    def row_counts(self, blocks: Mapping[int, BlockSums]) -> dict[int, RowCounts]:
        """Rows of each partition up to its last block."""
        if not blocks:
            return {}
        table = f"{self._model}_predictions"
        merged = self._count("count()", f"{table} FINAL", blocks)
        raw = self._count("count(), uniqExact(source_offset)", table, blocks)
        rejections = self._count("count()", "rejections FINAL", blocks, where="source_topic = %(topic)s AND")
        return {p: _row_counts(merged.get(p, (0,)), raw.get(p, (0, 0)), rejections.get(p, (0,))) for p in blocks}

    def _count(
        self, counted: str, table: str, blocks: Mapping[int, BlockSums], *, where: str = ""
    ) -> dict[int, tuple[int, ...]]:
        told = {
            "topic": topics.requests(self._model),
            "partitions": list(blocks),
            "lasts": [sums.last_offset for sums in blocks.values()],
        }
        query = ROWS.format(counted=counted, table=table, where=where)
        return {partition: tuple(numbers) for partition, *numbers in self._rows(query, told, "counting rows")}

    def _rows(self, query: str, told: Mapping[str, object], doing: str) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._clickhouse.rows(query, told, doing=f"{doing} of {self._model}")
        except ClickHouseRefused as error:
            if error.code == UNKNOWN_TABLE:
                raise NotApplied(self._model) from None
            raise


def _row_counts(merged: tuple[int, ...], raw: tuple[int, ...], rejections: tuple[int, ...]) -> RowCounts:
    """Distinct identities are counted in the raw rows: that is the same number, and cheaper than behind FINAL."""
    rows, (all_rows, distinct) = merged[0], raw
    return RowCounts(
        predictions=rows,
        rejections=rejections[0],
        duplicates_raw=all_rows - rows,
        duplicates=rows - distinct,
    )


def _sums(*numbers: int, joints: list[tuple[int, int, int, int]]) -> BlockSums:
    blocks, received, answered, rejected, unidentified, logged, last, unanswered, unlogged = numbers
    odd = tuple(Joint(covered=c, previous=p, first=first, last=end) for c, p, first, end in sorted(joints, key=_place))
    return BlockSums(
        blocks=blocks,
        received=received,
        answered=answered,
        rejected=rejected,
        unidentified=unidentified,
        logged=logged,
        last_offset=last,
        unanswered=unanswered,
        unlogged=unlogged,
        joints=odd,
    )


def _place(joint: tuple[int, int, int, int]) -> tuple[int, int]:
    return joint[2], joint[3]
