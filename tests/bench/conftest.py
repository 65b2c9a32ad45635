"""Running a bench as a user does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Bench = Callable[..., dict[str, Any]]


@pytest.fixture
def bench(tmp_path: Path, kafka_jars: object) -> Bench:
    """Runs `headrace bench NAME OPTIONS`; the object on its last line."""

    def run(name: str, *options: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "headrace", "bench", name, *options, "--json"]
        where = ["--data-dir", str(tmp_path / "data")]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run([*command, *where], capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run
