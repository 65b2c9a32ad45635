"""The bench of starting runs through; how long anything took is not judged here."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_the_start_of_both_deliveries(bench: Bench) -> None:
    found = bench("start", "--kind", "linear", "--rounds", "1")
    assert found["contenders"].keys() == {"linear, load, new machine", "linear, load, again", "linear, image"}
    for one in found["contenders"].values():
        assert one["cpu_s"]["median"] > 0 and one["median"] > 0
