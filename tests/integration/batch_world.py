"""Batch jobs of a world's model: inputs to score, `headrace batch` as a person types it, and what came of it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from pytest import MonkeyPatch

from headrace import bundle
from headrace.cli.main import cli
from headrace.errors import HeadraceError
from tests.faults.world import World

FEATURES = ("amount", "count", "night", "colour", "side")


class BatchWorld:
    """Commands run with the data folder, Kafka and ClickHouse of a world."""

    def __init__(self, world: World) -> None:
        self.world, self.folder = world, world.folder

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`headrace batch ARGUMENTS`, within this process."""
        own = {
            "HEADRACE_DATA_DIR": str(self.world.data),
            "HEADRACE_KAFKA__BOOTSTRAP": self.world.kafka,
            "HEADRACE_CLICKHOUSE__HOST": self.world.clickhouse[0],
            "HEADRACE_CLICKHOUSE__PORT": str(self.world.clickhouse[1]),
            "HEADRACE_ACTOR": "ada",
        }
        with MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in [name for name in os.environ if name.startswith("HEADRACE_")]:
                patch.delenv(name)
            done = CliRunner().invoke(cli, ["batch", *arguments], env=own)
        if isinstance(done.exception, HeadraceError):
            return subprocess.CompletedProcess(arguments, 2, done.stdout, str(done.exception))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def told(self, *arguments: str) -> Any:
        """What it prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def submit(self, source: Path | str, *more: str, output: str = "out") -> Any:
        """Submit an input of this world's model."""
        return self.told("submit", self.world.model, "--input", str(source), "--output", output, *more)

    def expected(self, rows: pa.Table, version: str = "v1") -> Any:
        """The scores that the version gives all rows in one call."""
        digest = self.world.registry.digest(self.world.model, version)
        loaded = bundle.load(self.world.folder / "bundles" / version, digest)
        columns = {name: rows[name].combine_chunks() for name in FEATURES}
        return loaded.predictor.scores(columns, rows.num_rows)

    def scored(self, output: str = "out") -> pa.Table:
        """The rows of an output folder in the order of their parts."""
        files = sorted((self.folder / output).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file) for file in files])

    def rejected(self, output: str = "out") -> pa.Table:
        """The rejected rows beside it."""
        files = sorted((self.folder / output / "_rejected").glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file) for file in files])


def rows(count: int, seed: int = 0) -> pa.Table:
    """Rows that can all be scored, with an id beside the features."""
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "id": pa.array(np.arange(count)),
            "amount": pa.array(random.normal(0, 2, count)),
            "count": pa.array([None if i % 7 == 0 else i % 10 for i in range(count)], pa.int64()),
            "night": pa.array(random.random(count) < 0.3),
            "colour": pa.array([("red", "blue", "green")[v] for v in random.integers(0, 3, count)]),
            "side": pa.array([("left", "right")[v] for v in random.integers(0, 2, count)]),
        }
    )
