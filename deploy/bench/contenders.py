"""The contenders, each a process of its own on the same requests and the same broker."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from deploy.bench.ground import Ground, answer_topics, log_partitions
from deploy.bench.groups import forget
from deploy.bench.rivals.task import Task
from deploy.bench.roster import HEADRACE, Entry
from deploy.local.part import python_path
from deploy.local.supervise.spawn import Process, spawn
from headrace import topics

# One thread of linear algebra each: processes share the machine, and only one contender runs at a time.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Contender(Protocol):
    """Something that answers requests."""

    name: str
    answers: str
    logs: str

    def start(self, number: int) -> Process:
        """Start it anew, at the beginning of the requests."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes that Headrace wrote for one request."""

    answer: float
    log: float


class Headrace:
    """`headrace worker score`, as anywhere."""

    name = HEADRACE

    def __init__(self, ground: Ground, batch_rows: int) -> None:
        self._ground = ground
        self._group = f"headrace.{ground.model}.score"
        self.answers, self.logs = topics.predictions(ground.model), topics.logs(ground.model)
        (ground.data_dir / "settings.toml").touch()
        self._env = {
            "HEADRACE_CONFIG": str(ground.data_dir / "settings.toml"),
            "HEADRACE_DATA_DIR": str(ground.data_dir),
            "HEADRACE_KAFKA__BOOTSTRAP": ground.address.bootstrap,
            "HEADRACE_WORKER__NAME": "bench",
            "HEADRACE_WORKER__BATCH_ROWS": str(batch_rows),
        }

    def start(self, number: int) -> Process:
        """Forget what the group has read, start the worker."""
        forget(self._ground.address, self._group)
        argv = (sys.executable, "-m", "headrace", "worker", "score", "--model", self._ground.model)
        return spawn(argv, env=_environment(self._env), log=_log(self._ground, self.name))


class Rival:
    """A program of deploy.bench.rivals or deploy.bench.peers, run by the Python of its environment."""

    def __init__(
        self, entry: Entry, ground: Ground, batch_rows: int, schema: Path, sizes: Sizes, python: str = sys.executable
    ) -> None:
        self.name = name = entry.name
        self._ground, self._program = ground, (python, "-m", entry.module)
        self.answers, self.logs = f"{name}.answers", f"{name}.logs"
        answer_topics(ground.address, self.answers)
        answer_topics(ground.address, self.logs, partitions=log_partitions())
        self._task = Task(
            bootstrap=ground.address.bootstrap,
            group=name,
            model=ground.model,
            version=ground.work.version,
            requests=topics.requests(ground.model),
            answers=self.answers,
            logs=self.logs,
            log_partitions=log_partitions(),
            format=ground.form,
            batch_rows=batch_rows,
            bundle=str(ground.bundle),
            request_schema=str(schema),
            answer_schema=str(topics.schemas_folder() / "avro" / "answer.avsc"),
            answer_bytes=round(sizes.answer),
            log_bytes_a_row=sizes.log,
        )

    def start(self, number: int) -> Process:
        """Start it in a new group."""
        task = replace(self._task, group=f"{self.name}-{number}")
        file = self._ground.data_dir / f"{task.group}.json"
        file.write_text(json.dumps(asdict(task)), encoding="utf-8")
        return spawn((*self._program, str(file)), env=_environment({}), log=_log(self._ground, self.name))


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return kept | ONE_THREAD | {"PYTHONPATH": python_path()} | dict(own)


def _log(ground: Ground, name: str) -> Path:
    return ground.data_dir / f"{name}.log"
