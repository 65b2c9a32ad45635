"""One kind of model under a steady load: released again and again, every answer looked at."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.bench import models
from deploy.bench.load.aim import aimed
from deploy.bench.load.run import Answered, send
from deploy.bench.process import Running, await_all
from deploy.bench.site import Site
from headrace.bundle import Draft

WORKERS = ("bench-a", "bench-b")
VALUES = 5_000
FEATURES = 20
VERSIONS = ("v1", "v2")
# How long all workers may take to serve a release; on a machine with much else to do a trial can take a minute.
SERVED_S = 300.0
# Not more often: each look costs the worker a page.
LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model of its own, in two versions that take turns.

    fresh: each worker is on a machine that has not seen the bundle, so it fetches and tries it; otherwise the desk has
    tried it on the same machine.
    """

    name: str
    megabytes: int
    fresh: bool

    def drafts(self, site: Site) -> Iterator[Draft]:
        """Both versions."""
        for number in range(1, len(VERSIONS) + 1):
            if self.megabytes:
                yield models.forest(site.model, number, site.features, self.megabytes)
            else:
                yield models.linear(site.model, number, site.features)

    def cache(self, worker: str) -> str:
        """The folder of bundles of a worker's machine."""
        return f"cache-{worker}" if self.fresh else "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """The load's answers, and when each release was sent: seconds from the start of the load."""

    answered: Answered
    approved: Sequence[float]


def prepare(site: Site, case: Case) -> None:
    """Both versions into the registry, the first of them released."""
    for draft in case.drafts(site):
        site.put(draft)
        if not case.fresh:
            site.tried(draft.version, site.folder / "cache")
    site.release(VERSIONS[0])


@contextmanager
def workers(site: Site, case: Case) -> Iterator[tuple[Running, ...]]:
    """All workers, ready to answer."""
    with ExitStack() as stack:
        found = [stack.enter_context(site.worker("score", name, cache=case.cache(name))) for name in WORKERS]
        for child in found:
            await_all(tuple(found), child.ready, "readiness")
        yield tuple(found)


def swap(site: Site, case: Case, children: tuple[Running, ...], rate: int, every_s: float, releases: int) -> Swapped:
    """Send, and release in between; the next comes so many seconds after the one before is served by all."""
    approved: list[float] = []

    def release(start: float) -> None:
        for _ in range(releases):
            if case.fresh:
                _forget(site, case)
            _wait(every_s, children)
            approved.append(site.release(VERSIONS[len(site.releases) % len(VERSIONS)]) - start)
            await_all(children, lambda: _served(site, children), "the new release", SERVED_S, LOOK_S)
        _wait(every_s, children)

    values = models.requests(site.model, site.features, VALUES)[0]
    most_s = (releases + 1) * every_s + releases * SERVED_S
    task = aimed(site, values, rate=rate, seconds=most_s, keep=True, early=True)
    return Swapped(answered=send(task, children, release), approved=approved)


def _served(site: Site, children: tuple[Running, ...]) -> bool:
    return all(child.release == site.releases[-1] for child in children)


def _forget(site: Site, case: Case) -> None:
    """The machines of the workers have never seen the next bundle."""
    for name in WORKERS:
        shutil.rmtree(site.folder / case.cache(name), ignore_errors=True)


def _wait(seconds: float, children: tuple[Running, ...]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for child in children:
            child.check()
        time.sleep(min(left, LOOK_S))
