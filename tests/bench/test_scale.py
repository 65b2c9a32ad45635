"""The bench of scaling runs through; what anything cost is not judged here, for that depends on the machine."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_the_cost_of_each_case_and_the_line_through_them(bench: Bench) -> None:
    chosen = ["--workers", "2", "--features", "40", "--features", "80", "--batch-rows", "500"]
    found = bench("scale", *chosen, "--records", "30000", "--rounds", "1")
    names = {"base", "workers 2", "features 40", "features 80", "batch 500"}
    assert found["contenders"].keys() == names
    assert all(one["median"] > 0 and one["records_a_second"]["median"] > 0 for one in found["contenders"].values())
    assert found["ratios"].keys() == {f"{name}/base" for name in names - {"base"}}
    assert found["fits"].keys() == {"features"}
    assert found["fits"]["features"].keys() == {"fixed", "each", "residual"}
