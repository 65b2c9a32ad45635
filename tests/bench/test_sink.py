"""The bench of the sink runs through; how fast anything was is not judged here."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_how_fast_rows_are_written_and_how_soon_they_can_be_read(bench: Bench) -> None:
    tiny = ("--rows", "12000", "--block-rows", "200", "--insert-rows", "400", "--seconds", "3", "--rate", "200")
    found = bench("sink", *tiny, "--rounds", "1")
    assert found["contenders"].keys() == {"direct", "sink"}
    assert all(one["median"] > 0 and one["cpu_s_per_million"]["median"] > 0 for one in found["contenders"].values())
    assert found["ratios"].keys() == {"sink/direct"}
    fresh = found["freshness"]["contenders"]["sink"]
    assert 0 < fresh["p50_s"]["median"] <= fresh["median"] <= fresh["max_s"]["median"]
    assert fresh["rows"]["median"] >= 200
