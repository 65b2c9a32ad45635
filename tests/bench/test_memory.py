"""The bench of memory runs through; how much anything took is not judged here."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_what_scorer_and_sink_take_and_how_that_grows(bench: Bench) -> None:
    found = bench("memory", "--records", "2000", "--minutes", "0.2", "--rate", "200", "--rounds", "2")
    assert found["contenders"].keys() == {"scorer", "sink"}
    for one in found["contenders"].values():
        assert len(one["rounds"]) == len(one["loaded_mb"]["rounds"]) == 2
        assert len(one["slope_mb_per_min"]["rounds"]) == len(one["noise"]["rounds"]) == 1
        assert 10 < one["start_mb"]["median"] <= one["peak_mb"]["median"]
        assert one["pss_mb"]["median"] <= one["median"]
    scorer = found["contenders"]["scorer"]
    assert scorer["start_mb"]["median"] < scorer["loaded_mb"]["median"]
