"""The bench of batch workers runs through; how fast anything was is not judged here."""

from collections.abc import Callable
from typing import Any

import pytest

Bench = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
TINY = ("--rows", "20000", "--rounds", "1", "--seconds", "1", "--size", "10000", "--size", "30000")


def test_a_tiny_run_tells_workers_the_model_alone_sizes_and_a_scorer_beside(bench: Bench) -> None:
    found = bench("batch", *TINY, "--workers", "2")
    assert list(found["contenders"]) == [
        *("linear, alone", "linear, 1", "boosting, alone", "boosting, 1"),
        *("linear, 2", "boosting, 2"),
    ]
    assert found["ratios"].keys() == {
        f"{kind}, {pair}" for kind in ("linear", "boosting") for pair in (f"1/{kind}, alone", f"2/{kind}, 1")
    }
    assert found["growing"]["contenders"].keys() == {"10,000 rows", "30,000 rows"}
    assert 0 < found["growing"]["contenders"]["30,000 rows"]["overhead"]["median"] < 1
    assert list(found["beside"]["contenders"]) == ["scorer alone", "beside a batch worker"]
    assert "pandas_joblib   took no part: no environment of theirs was named" in found["legend"]
