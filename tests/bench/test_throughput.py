"""The bench runs through; how fast anything was is not judged here, for that depends on the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"limit", "headrace", "careful", "stock_faust"}

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def bench(folder: Path, workload: str) -> dict[str, Any]:
    """The object on the last line of a tiny run."""
    options = ["--records", "3000", "--rounds", "1", "--batch-rows", "100", "--workload", workload]
    command = [sys.executable, "-m", "headrace", "bench", "throughput", *options, "--json", "--data-dir", str(folder)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.usefixtures("kafka_jars")
@pytest.mark.parametrize("workload", ["doubles", "flights"])
def test_a_tiny_run_tells_of_each_contender_how_fast_it_was_and_what_it_cost(tmp_path: Path, workload: str) -> None:
    found = bench(tmp_path / "data", workload)
    assert all(found[name] > 0 for name in NAMES)
    assert found["us_cpu_per_record"].keys() == found["rounds"].keys() == NAMES
    assert {name: len(rates) for name, rates in found["rounds"].items()} == dict.fromkeys(NAMES, 1)
    assert found["min"] == found["max"] == {name: rates[0] for name, rates in found["rounds"].items()}
    assert found["ratios"].keys() == {"headrace/limit", "headrace/careful", "headrace/stock_faust"}
    assert (found["records"], found["workload"], found["batch_rows"]) == (3000, workload, 100)
    assert found["cores"] >= 1
    assert found["bytes_per_record"].keys() == {"request", "answer", "log"}
