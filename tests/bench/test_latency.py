"""The bench of latencies runs through; how long anything took is not judged here, for that depends on the machine."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_quantiles_of_headrace_and_the_echo_under_each_guarantee(bench: Bench) -> None:
    found = bench("latency", "--rate", "50", "--seconds", "1", "--rounds", "2")
    names = {f"{who} {how} 50" for who in ("headrace", "echo") for how in ("exactly-once", "at-least-once")}
    assert found["contenders"].keys() == names
    for one in found["contenders"].values():
        assert len(one["rounds"]) == len(one["cpu_s_per_million"]["rounds"]) == 2
        assert 0 < one["p50_ms"]["median"] <= one["median"] <= one["p99_9_ms"]["median"]
        assert one["min"] <= one["median"] <= one["max"]
    assert found["ratios"].keys() == {f"headrace {how} 50/echo {how} 50" for how in ("exactly-once", "at-least-once")}
    assert (found["bench"], found["figure"], found["seconds"]) == ("latency", "p99_ms", 1)
