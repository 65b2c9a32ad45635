"""Which log blocks go into one insert."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sink.ranges import Range, spans


@dataclass(frozen=True)
class Placed:
    """A block of some rows of one shape."""

    offset: int
    rows: int
    shape: str


PLACED = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("aaaaab")), max_size=30).map(
    lambda found: [Placed(i, rows, shape) for i, (rows, shape) in enumerate(found)]
)


@settings(deadline=None)
@given(PLACED, st.integers(1, 100))
def test_runs_keep_every_block_in_order_are_of_one_shape_and_stay_within_the_limit(
    placed: list[Placed], most: int
) -> None:
    runs = list(spans(placed, most))
    assert [one for run in runs for one in run] == placed
    assert all(len(run) == 1 or sum(one.rows for one in run) <= most for run in runs)
    assert all(len({one.shape for one in run}) == 1 for run in runs)
    for run, after in pairwise(runs):
        assert sum(one.rows for one in run) + after[0].rows > most or after[0].shape != run[0].shape


def test_blocks_are_taken_only_as_they_are_needed() -> None:
    """All of a backlog at once would not fit into memory. Seen to fail with a list of all runs."""
    taken = []
    placed = (taken.append(i) or Placed(i, 2, "a") for i in range(9))  # type: ignore[func-returns-value]
    runs = spans(placed, 4)
    next(runs)
    assert taken == [0, 1, 2]
    next(runs)
    assert taken == [0, 1, 2, 3, 4]


def test_the_token_tells_ranges_apart_and_is_the_same_for_the_same_range() -> None:
    one = Range(topic="toy.logs", partition=1, first=2, last=34)
    again = Range(topic="toy.logs", partition=1, first=2, last=34)
    others = [
        Range(topic="toy.logs", partition=1, first=23, last=4),
        Range(topic="toy.logs", partition=12, first=2, last=34),
        Range(topic="fraud.logs", partition=1, first=2, last=34),
    ]
    assert one.token == again.token
    assert len({one.token, *(other.token for other in others)}) == 4


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_a_range_is_found_again_in_its_note(first: int, last: int) -> None:
    span = Range(topic="toy.logs", partition=3, first=first, last=last)
    assert Range.noted(span.place, span.note) == span


@pytest.mark.parametrize("note", ["", "3", "3-", "-4", "a-b", "3-4 ", "3-4-5"])
def test_a_note_of_somebody_else_is_no_range(note: str) -> None:
    assert Range.noted(("toy.logs", 0), note) is None
