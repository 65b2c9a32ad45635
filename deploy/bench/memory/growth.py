"""Whether memory grows while requests keep coming."""

import time
from collections.abc import Mapping

from deploy.bench.load.run import send
from deploy.bench.load.task import Task
from deploy.bench.memory.sampling import Slope, sample, slope
from deploy.bench.process import Running

EVERY_S = 0.5
# The first quarter of a run is not looked at: caches and pools of threads still fill.
FILLING = 0.25


def growth(children: tuple[Running, ...], task: Task) -> Mapping[str, Slope]:
    """The slope of each process under this load, by its name."""
    seconds: list[float] = []
    taken: dict[str, list[float]] = {child.name: [] for child in children}

    def watch(start: float) -> None:
        until = start + task.seconds
        while (now := time.monotonic()) < until:
            if now - start > FILLING * task.seconds:
                seconds.append(now - start)
                for child in children:
                    taken[child.name].append(sample(child.pid).rss_mb)
            for child in children:
                child.check()
            time.sleep(EVERY_S)

    send(task, children, watch)
    return {name: slope(seconds, megabytes) for name, megabytes in taken.items()}
