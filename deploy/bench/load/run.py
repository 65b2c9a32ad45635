"""Running the load generator and reading what it noted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from deploy.bench.errors import BenchFailed
from deploy.bench.load.task import Task
from deploy.bench.process import Running, await_all, running

GRACE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """All answers of one run in the order of their requests; seconds on the clock of the generator.

    due: when each request was to be sent; at: when its answer came; late_ms: by how much the generator itself missed
    its times (p99).
    """

    start: float
    due: NDArray[np.float64]
    at: NDArray[np.float64]
    late_ms: float
    cpu_s: float
    values: Sequence[bytes]

    @property
    def latency_ms(self) -> NDArray[np.float64]:
        """From when a request was due to its answer."""
        return (self.at - self.due) * 1000


def write_values(path: Path, values: Sequence[bytes]) -> Path:
    """The requests to be sent, as the generator reads them."""
    table = pa.table({"value": pa.array(values, pa.binary())})
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return path


def send(task: Task, beside: tuple[Running, ...], meanwhile: Callable[[float], None] = lambda _: None) -> Answered:
    """Let it send; beside are the processes that must not end; meanwhile is called with the start (monotonic time)."""
    out = Path(task.out)
    file = out.with_suffix(".task")
    task.write(file)
    started = out.with_suffix(".started")
    for old in (out, started, task.stop):
        old.unlink(missing_ok=True)
    with running(out.parent, "load", "deploy.bench.load", str(file)) as load:
        await_all((load, *beside), started.exists, "the first answer")
        meanwhile(float(started.read_text(encoding="utf-8")))
        if task.early:
            task.stop.touch()
        patience = GRACE_S + task.count / task.rate
        await_all(beside, lambda: load.process.poll() is not None, "the end of the load", patience)
        if load.process.returncode or not out.exists():
            raise BenchFailed(f"the load generator ended with {load.process.returncode}:\n{load.said}")
    return _read(task, float(started.read_text(encoding="utf-8")))


def _read(task: Task, start: float) -> Answered:
    with pa.ipc.open_file(pa.memory_map(task.out)) as file:
        found = file.read_all()
    number, at = found["number"].to_numpy(), found["at"].to_numpy()
    once, first = np.unique(number, return_index=True)
    noted = found.schema.metadata
    sent = int(noted[b"sent"])
    if len(once) != sent or len(number) != sent:
        raise BenchFailed(f"{len(once)} of {sent} requests were answered, with {len(number)} answers")
    return Answered(
        start=start,
        due=task.due()[:sent],
        at=at[first],
        late_ms=float(noted[b"late_ms"]),
        cpu_s=float(noted[b"cpu_s"]),
        values=found["value"].take(pa.array(first)).to_pylist() if task.keep else [],
    )
