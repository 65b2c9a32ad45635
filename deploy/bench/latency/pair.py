"""Headrace and the echo, both running, each to be asked in its turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from deploy.bench import models
from deploy.bench.ground import answer_topics
from deploy.bench.load.aim import aimed
from deploy.bench.load.run import Answered, send
from deploy.bench.load.task import Task
from deploy.bench.process import Running, await_all, running
from deploy.bench.rivals.echo import EchoTask
from deploy.bench.site import Site

VALUES = 5_000
REHEARSED_S = 2.0
REHEARSED_RATE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One of the two: its process, and the task whose topics are its own."""

    name: str
    child: Running
    task: Task

    def at(self, rate: int, seconds: float) -> tuple[Answered, float]:
        """What came back at this rate, and the CPU seconds that its process took for it."""
        before = self.child.cpu_s
        found = send(replace(self.task, rate=rate, seconds=seconds), (self.child,))
        return found, self.child.cpu_s - before


@contextmanager
def pair(site: Site, delivery: str) -> Iterator[tuple[Asked, Asked]]:
    """Both under one guarantee, warm; the echo answers in as many bytes."""
    with site.worker("score", "bench", env={"HEADRACE_WORKER__DELIVERY": delivery}) as worker:
        await_all((worker,), worker.ready, "readiness")
        headrace = Asked(name="headrace", child=worker, task=_aimed(site))
        rehearsed = replace(headrace.task, rate=REHEARSED_RATE, seconds=REHEARSED_S, keep=True)
        values = send(rehearsed, (worker,)).values
        with _echo(site, delivery, round(sum(map(len, values)) / len(values))) as echo:
            send(replace(echo.task, rate=REHEARSED_RATE, seconds=REHEARSED_S), (echo.child,))
            yield headrace, echo


@contextmanager
def _echo(site: Site, delivery: str, answer_bytes: int) -> Iterator[Asked]:
    name = f"echo-{delivery}"
    asked, answers = f"{name}.requests", f"{name}.answers"
    answer_topics(site.address, asked, answers)
    file = site.folder / f"{name}.json"
    task = EchoTask(
        bootstrap=site.address.bootstrap,
        group=name,
        requests=asked,
        answers=answers,
        answer_bytes=answer_bytes,
        delivery=delivery,
    )
    task.write(file)
    with running(site.folder, name, "deploy.bench.rivals.echo", str(file)) as child:
        yield Asked(name="echo", child=child, task=replace(_aimed(site), requests=asked, answers=answers))


def _aimed(site: Site) -> Task:
    values = models.requests(site.model, site.features, VALUES)[0]
    return aimed(site, values, rate=REHEARSED_RATE, seconds=REHEARSED_S, warm_s=1.0)
