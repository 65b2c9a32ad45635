"""The bench runs through; how fast anything was is not judged here, for that depends on the machine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
NAMES = {"limit", "limit_and_model", "headrace", "careful", "stock_faust"}
TINY = ("--records", "3000", "--rounds", "1", "--batch-rows", "100")
Bench = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(
    ("workload", "estimator", "form"),
    [
        pytest.param("doubles", "logistic", "avro", marks=pytest.mark.bench),
        # Part of `make test`: the bench shares this with the example and the demo, and broke unseen when they changed.
        ("flights", "logistic", "json"),
        pytest.param("flights", "boosting", "avro", marks=pytest.mark.bench),
    ],
)
def test_a_tiny_run_tells_of_each_contender_how_fast_it_was_and_what_it_cost(
    bench: Bench, workload: str, estimator: str, form: str
) -> None:
    found = bench("throughput", *TINY, "--workload", workload, "--estimator", estimator, "--format", form)
    assert all(found[name] > 0 for name in NAMES)
    assert found["contenders"].keys() == found["us_cpu_per_record"].keys() == found["rounds"].keys() == NAMES
    assert {name: len(rates) for name, rates in found["rounds"].items()} == dict.fromkeys(NAMES, 1)
    assert found["min"] == found["max"] == {name: rates[0] for name, rates in found["rounds"].items()}
    assert found["ratios"].keys() == {f"headrace/{name}" for name in NAMES - {"headrace"}}
    assert (found["records"], found["batch_rows"]) == (3000, 100)
    assert (found["workload"], found["estimator"], found["format"]) == (workload, estimator, form)
    assert found["cores"] >= 1
    assert found["bytes_per_record"].keys() == {"request", "answer", "log"}


@pytest.mark.bench
@pytest.mark.skipif(not PEERS.exists(), reason="`make bench-peers` sets up the environment of the peers")
@pytest.mark.parametrize("form", ["avro", "json"])
def test_peers_stand_in_the_same_table_with_their_versions(bench: Bench, form: str) -> None:
    found = bench("throughput", *TINY, "--format", form, "--peers", str(PEERS))
    peers = {f"{name}{batch}" for name in ("quixstreams", "bytewax", "faststream") for batch in ("", "_batch")}
    assert found["contenders"].keys() == NAMES | peers, found["absent"]
    assert {"quixstreams", "bytewax", "faststream", "python"} <= found["peer_versions"].keys()


@pytest.mark.bench
def test_peers_that_are_not_there_are_named_with_the_reason(bench: Bench, tmp_path: Path) -> None:
    found = bench("throughput", *TINY, "--peers", str(tmp_path / "python"))
    assert found["contenders"].keys() == NAMES
    assert "cannot be used" in found["absent"]["bytewax_batch"]
