"""The bench of the formats runs through; what anything cost is not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_a_tiny_run_tells_the_cost_of_each_operation_by_batch_size_and_by_whom() -> None:
    tiny = ["--rows", "2", "--rows", "40", "--columns", "3", "--seconds", "0.002", "--rounds", "1"]
    command = [sys.executable, "-m", "headrace", "bench", "codec", *tiny, "--json"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    kinds = ("doubles_3", "flights")
    done_to = {f"{what}, {kind}" for kind in kinds for what in ("read avro", "read json", "write log", "read log")}
    names = done_to | {"write avro answers", "write json answers"}
    assert found["contenders"].keys() == {f"{name}: {way}" for name in names for way in ("headrace", "by record")}
    assert all(one["median"] > 0 and one["rows_2"]["median"] > 0 for one in found["contenders"].values())
    assert found["figure"] == "rows_40"
