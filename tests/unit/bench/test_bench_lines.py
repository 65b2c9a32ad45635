"""Lines through costs and through memory."""

import numpy as np
import pytest

from deploy.bench.memory.sampling import slope
from deploy.bench.scale.cases import Case, cases
from deploy.bench.scale.fit import line


def test_costs_on_a_line_are_found_to_be_on_it() -> None:
    found = line([20, 100, 500], [5 + 0.1 * n for n in (20, 100, 500)])
    assert found is not None
    assert (found.fixed, found.each) == (pytest.approx(5), pytest.approx(0.1))
    assert found.residual == pytest.approx(0, abs=1e-9)


def test_a_cost_that_grows_with_the_square_is_off_the_line_by_much() -> None:
    found = line([20, 100, 500], [0.01 * n * n for n in (20, 100, 500)])
    assert found is not None and found.residual > 0.5


def test_two_points_are_no_line() -> None:
    assert line([20, 100], [1, 2]) is None


def test_each_case_differs_from_the_base_in_one_number_and_comes_once() -> None:
    found = cases([1, 2], [20, 100], [5_000, 100])
    assert [case.name for case in found] == ["base", "workers 2", "features 100", "batch 100"]
    assert found[0] == Case() and len(set(found)) == len(found)


def test_cases_of_large_requests_have_fewer() -> None:
    assert Case().records(200_000) == 200_000
    assert Case(features=500).records(200_000) < 40_000


def test_memory_that_grows_is_told_from_memory_that_does_not() -> None:
    random = np.random.default_rng(3)
    seconds = np.arange(0, 120, 0.5)
    # As memory does: it wanders, and neighbouring samples are alike.
    wander = np.convolve(random.normal(0, 1, len(seconds) + 9), np.ones(10) / 10, "valid")
    level, leak = slope(list(seconds), list(200 + wander)), slope(list(seconds), list(200 + wander + seconds / 10))
    assert abs(level.mb_per_min) < level.noise < 1
    assert leak.mb_per_min == pytest.approx(6, abs=0.5)
    assert leak.noise == pytest.approx(level.noise)
