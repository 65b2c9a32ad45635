"""From facts to the report, without Kafka and ClickHouse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.ledger.counting import add_up, count
from headrace.ledger.facts import BlockHeader, BlockSums, Position, RowCounts
from headrace.ledger.report import Fault, LedgerReport


@st.composite
def chains(draw: st.DrawFn) -> list[BlockHeader]:
    """Whole chains of a few partitions, with holes in the offsets where transactions left them."""
    headers = []
    for partition in range(draw(st.integers(1, 3))):
        previous = -1
        for _ in range(draw(st.integers(1, 6))):
            first = previous + 1 + draw(st.integers(0, 3))
            received, hole = draw(st.integers(1, 20)), draw(st.integers(0, 3))
            rejected = draw(st.integers(0, received))
            unidentified = draw(st.integers(0, rejected))
            headers.append(
                BlockHeader(
                    source_partition=partition,
                    first_offset=first,
                    last_offset=first + received - 1 + (hole if received > 1 else 0),
                    previous_last_offset=previous,
                    received=received,
                    answered=received - unidentified,
                    rejected=rejected,
                    unidentified=unidentified,
                    logged=received - rejected,
                )
            )
            previous = headers[-1].last_offset
    return headers


def rows_of(headers: list[BlockHeader]) -> dict[int, RowCounts]:
    sums = add_up(headers)
    return {p: RowCounts(predictions=s.logged, rejections=s.rejected) for p, s in sums.items()}


def counted(headers: list[BlockHeader], **more: object) -> LedgerReport:
    return count("m", blocks=add_up(headers), rows=rows_of(headers), positions={}, **more)  # type: ignore[arg-type]


@given(chains())
def test_a_whole_chain_has_nothing_unaccounted(headers: list[BlockHeader]) -> None:
    report = counted(headers)
    assert (report.unaccounted, report.faults) == (0, ())
    assert report.total.received == sum(header.received for header in headers)


@given(chains(), st.randoms())
def test_the_order_in_which_headers_come_does_not_matter(headers: list[BlockHeader], random: st.DataObject) -> None:
    shuffled = list(headers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert add_up(shuffled) == add_up(headers)


@given(chains(), st.data())
def test_every_block_but_a_partitions_last_is_missed_when_it_is_lost(
    headers: list[BlockHeader], data: st.DataObject
) -> None:
    last = {header.source_partition: header for header in headers}
    inner = [header for header in headers if header is not last[header.source_partition]]
    if not inner:
        return
    lost = data.draw(st.sampled_from(inner))
    report = counted([header for header in headers if header is not lost])
    (fault,) = report.faults
    assert fault.partition == lost.source_partition
    assert fault.words.endswith(("have no block", "has no block"))
    assert fault.count >= lost.received


@given(chains(), st.data())
def test_every_block_that_comes_twice_is_noticed(headers: list[BlockHeader], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(headers))
    report = counted([*headers, again])
    (fault,) = report.faults
    assert (fault.partition, "in two blocks" in fault.words) == (again.source_partition, True)


@given(chains(), st.data(), st.sampled_from(["received", "answered", "rejected", "unidentified", "logged"]))
def test_no_number_of_a_header_can_be_wrong_unnoticed(
    headers: list[BlockHeader], data: st.DataObject, name: str
) -> None:
    place = data.draw(st.integers(0, len(headers) - 1))
    wrong = replace(headers[place], **{name: getattr(headers[place], name) + 1})
    changed = [*headers[:place], wrong, *headers[place + 1 :]]
    report = count("m", blocks=add_up(changed), rows=rows_of(headers), positions={})
    assert report.unaccounted > 0


@pytest.mark.parametrize("name", ["predictions", "rejections"])
@pytest.mark.parametrize("change", [-1, 1])
def test_one_row_more_or_less_is_one_unaccounted(name: str, change: int) -> None:
    rows = RowCounts(predictions=7, rejections=3)
    sums = BlockSums(blocks=1, received=10, answered=10, rejected=3, logged=7, last_offset=9)
    rows = replace(rows, **{name: getattr(rows, name) + change})
    assert count("m", blocks={0: sums}, rows={0: rows}, positions={}).unaccounted == 1


def test_rows_that_stand_twice_after_merging_are_unaccounted() -> None:
    sums = BlockSums(blocks=1, received=10, answered=10, logged=10, last_offset=9)
    rows = RowCounts(predictions=11, duplicates=1)
    report = count("m", blocks={0: sums}, rows={0: rows}, positions={})
    assert report.total.duplicates == 1
    assert report.unaccounted >= 1


def position(committed: int | None, *, low: int = 0, high: int = 20, waiting: int = 0) -> Position:
    return Position(low=low, high=high, committed=committed, waiting=waiting)


SUMS = BlockSums(blocks=1, received=10, answered=10, logged=10, last_offset=9)
ROWS = RowCounts(predictions=10)


@pytest.mark.parametrize(("committed", "on_the_way"), [(None, 0), (5, 0), (10, 0), (17, 7)])
def test_on_the_way_is_what_was_taken_and_has_no_block_yet(committed: int | None, on_the_way: int) -> None:
    report = count("m", blocks={0: SUMS}, rows={0: ROWS}, positions={0: position(committed)})
    assert (report.total.on_the_way, report.unaccounted) == (on_the_way, 0)
    overdue = count("m", blocks={0: SUMS}, rows={0: ROWS}, positions={0: position(committed)}, overdue=True)
    assert overdue.unaccounted == on_the_way


def test_waiting_alone_is_never_unaccounted() -> None:
    report = count("m", blocks={}, rows={}, positions={0: position(None, waiting=20)}, overdue=True)
    assert (report.total.waiting, report.unaccounted, report.settled) == (20, 0, False)


def test_a_fault_that_belongs_to_no_partition_counts_in_the_total() -> None:
    stray = Fault(partition=None, count=2, words="2 answers do not tell whose they are")
    report = count("m", blocks={0: SUMS}, rows={0: ROWS}, positions={}, more=[stray])
    assert (report.unaccounted, report.partitions[0].unaccounted) == (2, 0)
    assert report.as_dict()["breaks"] == ["2 answers do not tell whose they are"]


def test_json_has_the_totals_on_top_and_partitions_below() -> None:
    told = count("m", blocks={0: SUMS, 3: SUMS}, rows={0: ROWS, 3: ROWS}, positions={}).as_dict()
    assert (told["received"], told["rows"], told["unaccounted"]) == (20, 20, 0)
    assert [line["partition"] for line in told["partitions"]] == [0, 3]
