"""Which log blocks go into one insert."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sink.ranges import Range, spans


@dataclass(frozen=True)
class Placed:
    """A block of some rows."""

    offset: int
    rows: int


PLACED = st.lists(st.integers(0, 60), max_size=30).map(lambda rows: [Placed(i, r) for i, r in enumerate(rows)])


@settings(deadline=None)
@given(PLACED, st.integers(1, 100))
def test_runs_keep_every_block_in_order_and_stay_within_the_limit(placed: list[Placed], most: int) -> None:
    runs = spans(placed, most)
    assert [one for run in runs for one in run] == placed
    assert all(len(run) == 1 or sum(one.rows for one in run) <= most for run in runs)
    assert all(sum(one.rows for one in run) + after[0].rows > most for run, after in pairwise(runs))


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
