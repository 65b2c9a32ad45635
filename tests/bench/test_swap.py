"""The bench of swaps runs through and finds no wrong answer; how long anything took is not judged here."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_latencies_around_each_release_and_finds_no_wrong_answer(bench: Bench) -> None:
    kinds = ("linear", "forest-fresh")
    chosen = [option for kind in kinds for option in ("--kind", kind)]
    found = bench("swap", *chosen, "--rate", "100", "--megabytes", "2", "--every", "4", "--rounds", "1")
    assert found["contenders"].keys() == {f"{k} {when}" for k in kinds for when in ("before", "during", "after")}
    for kind in kinds:
        during = found["contenders"][f"{kind} during"]
        assert during["wrong"]["rounds"] == [0]
        assert during["seconds"]["rounds"][0] > 0
        assert {f"{kind} during/{kind} before", f"{kind} after/{kind} before"} <= found["ratios"].keys()
