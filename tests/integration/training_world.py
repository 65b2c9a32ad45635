"""A small model with a train.py of its own on the shared servers, and `headrace` as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from click.testing import CliRunner
from pytest import MonkeyPatch

from headrace.cli.main import cli
from headrace.errors import HeadraceError

ROOT = Path(__file__).resolve().parents[2]
FIELDS = [
    {"name": "size", "type": "double"},
    {"name": "colour", "type": "string"},
    {"name": "age", "type": ["null", "int"], "default": None},
]
TRAIN = """
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def estimator(features):
    return make_pipeline(SimpleImputer(), LogisticRegression())
"""


class TrainingWorld:
    """Commands run with this data folder, Kafka and ClickHouse; `actor` is who types."""

    def __init__(self, folder: Path, kafka: str, clickhouse: tuple[str, int], *, toml: str = "", train: str = TRAIN):
        self.model, self.folder = f"t{uuid4().hex[:10]}", folder
        self.path = folder / self.model
        self.path.mkdir(parents=True)
        (self.path / "model.toml").write_text(f'name = "{self.model}"\npartitions = 2\n{toml}')
        (self.path / "features.avsc").write_text(json.dumps({"type": "record", "name": "F", "fields": FIELDS}))
        (self.path / "train.py").write_text(train)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        self.env = kept | {
            "PYTHONPATH": str(ROOT),
            "HEADRACE_DATA_DIR": str(folder / "data"),
            "HEADRACE_KAFKA__BOOTSTRAP": kafka,
            "HEADRACE_CLICKHOUSE__HOST": clickhouse[0],
            "HEADRACE_CLICKHOUSE__PORT": str(clickhouse[1]),
            "HEADRACE_ACTOR": "ada",
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`headrace ARGUMENTS`, ended or not; within this process, which has imported scikit-learn already."""
        with MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in [name for name in os.environ if name.startswith("HEADRACE_")]:
                patch.delenv(name)
            own = {name: value for name, value in self.env.items() if name.startswith("HEADRACE_")}
            done = CliRunner().invoke(cli, list(arguments), env=own)
        if isinstance(done.exception, HeadraceError):
            return subprocess.CompletedProcess(arguments, 2, done.stdout, f"headrace: {done.exception}\n{done.stderr}")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def run_apart(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The same as a process of its own."""
        argv = [sys.executable, "-m", "headrace", *arguments]
        return subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=240)

    def told(self, *arguments: str) -> Any:
        """What `headrace ARGUMENTS --json` prints; it must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout.strip().splitlines()[-1])
