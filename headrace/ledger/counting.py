"""From what blocks, rows and offsets say to the report; pure.

Offsets in M.requests may have holes (transactions leave some), so blocks are compared by the chain that they form: each
names the last request of the one before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from headrace.ledger.facts import BlockHeader, BlockSums, Joint, Position, RowCounts
from headrace.ledger.report import Fault, LedgerReport, PartitionRow, total


def add_up(headers: Iterable[BlockHeader]) -> dict[int, BlockSums]:
    """What SQL adds up in ClickHouse, from the headers themselves, given in the order of their log."""
    by_partition: dict[int, list[BlockHeader]] = {}
    for header in sorted(headers, key=lambda h: (h.first_offset, h.last_offset)):
        by_partition.setdefault(header.source_partition, []).append(header)
    return {partition: _sums(found) for partition, found in by_partition.items()}


def count(
    model: str,
    *,
    blocks: Mapping[int, BlockSums],
    rows: Mapping[int, RowCounts],
    positions: Mapping[int, Position],
    more: Sequence[Fault] = (),
    overdue: bool = False,
) -> LedgerReport:
    """The ledger of one model. overdue: what is on the way had its time, so it counts as unaccounted."""
    partitions = sorted(blocks.keys() | rows.keys() | positions.keys())
    counted = [
        _count(p, blocks.get(p, BlockSums()), rows.get(p, RowCounts()), positions.get(p), more, overdue)
        for p in partitions
    ]
    lines = tuple(line for line, _ in counted)
    homeless = tuple(fault for fault in more if fault.partition not in partitions)
    faults = tuple(fault for _, found in counted for fault in found) + homeless
    whole = replace(total(lines), unaccounted=sum(fault.count for fault in faults))
    return LedgerReport(model=model, partitions=lines, total=whole, faults=faults)


def _count(
    partition: int, sums: BlockSums, rows: RowCounts, position: Position | None, more: Sequence[Fault], overdue: bool
) -> tuple[PartitionRow, tuple[Fault, ...]]:
    ok = sums.answered - (sums.rejected - sums.unidentified)
    on_the_way = _on_the_way(sums, position)
    faults = [
        *(_of_joint(partition, joint) for joint in sums.joints),
        *_uneven(partition, sums, rows),
        *_expired(partition, sums, position),
        *(fault for fault in more if fault.partition == partition),
    ]
    if overdue and on_the_way:
        faults.append(_overdue(partition, sums, on_the_way))
    line = PartitionRow(
        partition=partition,
        received=sums.received,
        answered=sums.answered,
        ok=ok,
        rejected=sums.rejected,
        unidentified=sums.unidentified,
        logged=sums.logged,
        rows=rows.predictions,
        waiting=0 if position is None else position.waiting,
        on_the_way=on_the_way,
        duplicates_raw=rows.duplicates_raw,
        duplicates=rows.duplicates,
        unaccounted=sum(fault.count for fault in faults),
    )
    return line, tuple(faults)


def _on_the_way(sums: BlockSums, position: Position | None) -> int:
    if position is None or position.committed is None:
        return 0
    return max(0, position.committed - (sums.last_offset + 1))


def _uneven(partition: int, sums: BlockSums, rows: RowCounts) -> Iterator[Fault]:
    def fault(number: int, words: str) -> Iterator[Fault]:
        if number:
            yield Fault(partition=partition, count=abs(number), words=words)

    yield from fault(sums.unanswered, f"requests neither answered nor unidentified: {sums.unanswered}")
    yield from fault(sums.unlogged, f"ok answers and logged rows without a counterpart: {sums.unlogged}")
    missing = sums.logged - rows.predictions
    yield from fault(missing, f"rows: blocks logged {sums.logged}, ClickHouse holds {rows.predictions}")
    missing = sums.rejected - rows.rejections
    yield from fault(missing, f"rejections: blocks counted {sums.rejected}, ClickHouse holds {rows.rejections}")
    yield from fault(rows.duplicates, f"rows beside another one of the same request: {rows.duplicates}")


def _expired(partition: int, sums: BlockSums, position: Position | None) -> Iterator[Fault]:
    """Requests that the topic no longer holds and nobody took."""
    if position is None:
        return
    taken = sums.last_offset + 1 if position.committed is None else position.committed
    if position.low > taken:
        words = f"{_requests(taken, position.low - 1)} deleted from the topic before a scorer took them"
        yield Fault(partition=partition, count=position.low - taken, words=words)


def _overdue(partition: int, sums: BlockSums, number: int) -> Fault:
    first = sums.last_offset + 1
    words = f"{_requests(first, first + number - 1)} taken, but no block of them has come to ClickHouse"
    return Fault(partition=partition, count=number, words=words)


def _of_joint(partition: int, joint: Joint) -> Fault:
    block = f"the block of {_requests(joint.first, joint.last)}"
    if not joint.previous < joint.first <= joint.last:
        return Fault(partition=partition, count=1, words=f"{block} says that it follows request {joint.previous}")
    if joint.previous > joint.covered:
        verb = "has" if joint.previous == joint.covered + 1 else "have"
        words = f"{_requests(joint.covered + 1, joint.previous)} {verb} no block"
        return Fault(partition=partition, count=joint.previous - joint.covered, words=words)
    twice = min(joint.last, joint.covered) - joint.first + 1
    if twice > 0:
        words = f"{_requests(joint.first, joint.first + twice - 1)} in two blocks"
        return Fault(partition=partition, count=twice, words=words)
    words = f"{block} says that the one before ended at {joint.previous}, but it ended at {joint.covered}"
    return Fault(partition=partition, count=1, words=words)


def _requests(first: int, last: int) -> str:
    return f"request {first}" if first == last else f"requests {first}–{last}"


@dataclass(slots=True)
class _Chain:
    covered: int = -1
    joints: list[Joint] = field(default_factory=list)

    def follow(self, header: BlockHeader) -> None:
        joint = Joint(
            covered=self.covered,
            previous=header.previous_last_offset,
            first=header.first_offset,
            last=header.last_offset,
        )
        if joint.odd:
            self.joints.append(joint)
        self.covered = max(self.covered, header.last_offset)


def _sums(headers: Sequence[BlockHeader]) -> BlockSums:
    chain = _Chain()
    for header in headers:
        chain.follow(header)
    return BlockSums(
        blocks=len(headers),
        received=sum(h.received for h in headers),
        answered=sum(h.answered for h in headers),
        rejected=sum(h.rejected for h in headers),
        unidentified=sum(h.unidentified for h in headers),
        logged=sum(h.logged for h in headers),
        last_offset=chain.covered,
        unanswered=sum(abs(h.received - h.answered - h.unidentified) for h in headers),
        unlogged=sum(abs(h.ok - h.logged) for h in headers),
        joints=tuple(chain.joints),
    )
