"""Comparing what was found with the blocks that vouch for it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace.ledger.matching import Promise, match

BLOCKS = [Promise(first=0, last=9, count=10), Promise(first=12, last=19, count=8)]
WHOLE = [*range(10), *range(12, 20)]


def words(offsets: list[int], blocks: list[Promise] = BLOCKS) -> list[str]:
    return [fault.words for fault in match(0, "answers", blocks, np.array(offsets, np.int64))]


@given(st.permutations(WHOLE))
def test_all_that_was_promised_in_any_order_is_fine(offsets: list[int]) -> None:
    assert words(offsets) == []


@given(st.sampled_from(WHOLE))
def test_each_that_is_missing_is_named_with_its_block(lost: int) -> None:
    (fault,) = match(0, "answers", BLOCKS, np.array([each for each in WHOLE if each != lost], np.int64))
    assert fault.count == 1
    assert fault.words.startswith(f"answers of requests {'0–9' if lost < 10 else '12–19'}: the block says")


@given(st.sampled_from(WHOLE))
def test_each_that_is_there_twice_is_named(twice: int) -> None:
    assert words([*WHOLE, twice]) == ["answers beyond one a request: 1"]


def test_what_stands_between_blocks_is_named() -> None:
    assert words([*WHOLE, 10]) == ["answers of requests in no block: 1, the first of request 10"]


def test_what_stands_behind_the_last_block_is_on_its_way() -> None:
    assert words([*WHOLE, 20, 21]) == []


def test_a_block_whose_answers_left_the_topic_is_not_compared() -> None:
    blocks = [Promise(first=0, last=9, count=None), BLOCKS[1]]
    assert words(list(range(12, 20)), blocks) == []
    assert words([*range(3, 10), *range(12, 20)], blocks) == []


def test_without_blocks_there_is_nothing_to_compare() -> None:
    assert words([1, 2], []) == []
