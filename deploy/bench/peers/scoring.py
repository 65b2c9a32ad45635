"""What both ways to score a file have in common: arguments, the clock, and a frame's scores."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bench.cpu import cpu_seconds
from deploy.bench.rivals.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """FILE BUNDLE OUTPUT WORKERS."""

    file: str
    model: Model
    output: str
    workers: int

    @classmethod
    def read(cls) -> "Asked":
        """From the command line."""
        file, bundle, output, workers = sys.argv[1:]
        return cls(file=file, model=Model.read(bundle), output=output, workers=int(workers))


def scores(frame: Any, model: Model) -> Any:
    """A score for each row of a frame of pandas; one call of predict."""
    return model.predict_proba(frame[list(model.names)].to_numpy())[:, model.positive]


def timed(work: Callable[[], int]) -> None:
    """Print seconds and CPU seconds of work, which gives its rows.

    What was imported, loaded and started before is not among them.
    """
    began, cpu = time.perf_counter(), _cpu_s()
    rows = work()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "cpu_s": _cpu_s() - cpu, "rows": rows}))


def _cpu_s() -> float:
    """Of this process and those that it has started, which live as long as it does."""
    found = " ".join(path.read_text(encoding="ascii") for path in Path("/proc/self/task").glob("*/children"))
    return time.process_time() + sum(cpu_seconds(int(pid)) for pid in found.split())
