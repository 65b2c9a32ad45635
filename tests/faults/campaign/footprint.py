"""What workers take of the machine over time: memory, file descriptors, threads."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from tests.faults.worker import Worker

# Neighbouring samples resemble each other; means of so many stretches of time do less.
STRETCHES = 20
CERTAINTY = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One process at one moment. own_mb is what it shares with nobody's files."""

    rss_mb: float
    own_mb: float
    fds: float
    threads: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A straight line by least squares through the means of stretches of time; low and high bound its slope."""

    first: float
    last: float
    most: float
    per_hour: float
    low: float
    high: float

    def told(self) -> dict[str, float]:
        """For the report."""
        return {field.name: round(getattr(self, field.name), 2) for field in fields(self)}


class Footprint:
    """Samples workers by name until stopped. A process that ends is followed by its next life."""

    def __init__(self, workers: Mapping[str, Worker], period_s: float = 1.0) -> None:
        self._workers, self._period_s = dict(workers), period_s
        self._samples: dict[str, list[tuple[float, Sample]]] = {name: [] for name in workers}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, dict[str, Trend]]:
        """The trend of each measure of each worker."""
        self._closing.set()
        self._thread.join()
        return {name: _trends(samples) for name, samples in self._samples.items()}

    def _run(self) -> None:
        while True:
            for name, worker in self._workers.items():
                with suppress(OSError, KeyError, ValueError):
                    self._samples[name].append((time.monotonic(), sample(worker.pid)))
            if self._closing.wait(self._period_s):
                return


def sample(pid: int) -> Sample:
    """One process as the kernel tells it; raises OSError when it is gone."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    mb = {name: int(told[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon")}
    open_fds = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(rss_mb=mb["VmRSS"], own_mb=mb["RssAnon"], fds=open_fds, threads=int(told["Threads"]))


def _trends(samples: Sequence[tuple[float, Sample]]) -> dict[str, Trend]:
    hours = np.array([at for at, _ in samples]) / 3600
    return {
        field.name: trend(hours, np.array([float(getattr(one, field.name)) for _, one in samples]))
        for field in fields(Sample)
    }


def trend(hours: Any, values: Any) -> Trend:
    """The slope an hour and its interval, from samples that may depend on their neighbours."""
    stretches = [part for part in np.array_split(np.arange(len(values)), STRETCHES) if len(part)]
    x = np.array([hours[part].mean() for part in stretches])
    y = np.array([values[part].mean() for part in stretches])
    free = max(1, len(x) - 2)
    off = x - x.mean()
    slope = float((off * y).sum() / max((off**2).sum(), 1e-12))
    left = y - y.mean() - slope * off
    error = float(np.sqrt((left**2).sum() / free / max((off**2).sum(), 1e-12)))
    margin = error * float(student.ppf(0.5 + CERTAINTY / 2, free))
    return Trend(
        first=float(y[0]), last=float(y[-1]), most=float(values.max()),
        per_hour=slope, low=slope - margin, high=slope + margin,
    )  # fmt: skip
