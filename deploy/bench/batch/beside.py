"""What a batch worker costs a scorer on the same machine."""

from dataclasses import replace

import numpy as np

from deploy.bench import models
from deploy.bench.batch.case import Case
from deploy.bench.batch.jobs import cancel, submit
from deploy.bench.load.aim import aimed
from deploy.bench.load.run import send
from deploy.bench.load.task import Task
from deploy.bench.measured import Measured
from deploy.bench.process import Running, await_all

RATE = 1_000
WARM_S = 1.0
VALUES = 5_000
# So many that it does not come to their end meanwhile.
JOBS = 4
LOOK_S, BUSY = 0.5, 0.1


def beside(case: Case, worker: Running, seconds: float, rounds: int) -> Measured:
    """Times to an answer of a scorer, while the worker has nothing to do and while it scores by gradient boosting."""
    found = Measured("batch beside", f"milliseconds to an answer of a scorer at {RATE:,}/s", "p99_ms")
    case.site.release("v1")
    values = models.requests(case.site.model, case.site.features, VALUES)[0]
    with case.site.worker("score", "score") as scorer:
        await_all((scorer,), scorer.ready, "readiness")
        task = aimed(case.site, values, rate=RATE, seconds=seconds, warm_s=WARM_S)
        send(replace(task, seconds=WARM_S), (scorer,))
        for turn in range(rounds):
            _note(case, found, "scorer alone", _times(task, scorer, worker))
            jobs = [f"beside-{turn}-{number}" for number in range(JOBS)]
            for name in jobs:
                submit(case.site, case.source, name, "v2")
            _note(case, found, "beside a batch worker", _times(task, scorer, worker))
            for name in jobs:
                cancel(case.site, name)
            _rest(worker)
    found.compare("beside a batch worker", "scorer alone")
    return found


def _times(task: Task, scorer: Running, worker: Running) -> dict[str, float]:
    before = worker.cpu_s
    answered = send(task, (scorer, worker))
    p50, p99 = np.quantile(answered.latency_ms[task.warm :], (0.5, 0.99)).tolist()
    return {"p99_ms": p99, "p50_ms": p50, "late_ms": answered.late_ms, "worker_cpu_s": worker.cpu_s - before}


def _rest(worker: Running) -> None:
    """Wait until it takes no processor time to speak of."""
    seen = [-1.0]

    def rests() -> bool:
        seen.append(worker.cpu_s)
        return seen[-1] - seen[-2] < BUSY * LOOK_S

    await_all((worker,), rests, "the end of the part in work", look_s=LOOK_S)


def _note(case: Case, found: Measured, name: str, figures: dict[str, float]) -> None:
    found.add(name, **figures)
    case.run.told(f"{name:24}" + "".join(f" {figure} {value:8.2f}" for figure, value in figures.items()))
