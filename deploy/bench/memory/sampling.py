"""Reading what a process takes, and the slope of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KB = 1024
MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Megabytes: resident; its share of them where others hold pages too; what is no file's (libraries are files)."""

    rss_mb: float
    pss_mb: float
    anonymous_mb: float


def sample(pid: int) -> Sample:
    """What the process takes now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    found = {name: int(rest.split()[0]) * KB / MB for name, _, rest in (one.partition(":") for one in lines[1:])}
    return Sample(rss_mb=found["Rss"], pss_mb=found["Pss"], anonymous_mb=found["Anonymous"])


def peak_mb(pid: int) -> float:
    """The most that was ever resident."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(int(line.split()[1]) * KB / MB for line in lines if line.startswith("VmHWM"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Megabytes a minute with twice the standard error of that: within it, it is noise."""

    mb_per_min: float
    noise: float


def slope(seconds: Sequence[float], megabytes: Sequence[float]) -> Slope:
    """The line through a run (least squares).

    Neighbouring samples are alike, so the error is not that of single ones: it comes from how the slopes of ten parts
    of the run, which know nothing of each other, scatter about the whole (batch means).
    """
    x, y = np.array(seconds) / 60, np.array(megabytes)
    whole = float(np.polyfit(x, y, 1)[0])
    rest = y - np.polyval(np.polyfit(x, y, 1), x)
    means = np.array([part.mean() for part in np.array_split(rest, min(10, len(rest)))])
    middles = np.array([part.mean() for part in np.array_split(x, min(10, len(x)))])
    spread = float(np.sqrt((means**2).sum() / max(1, len(means) - 2) / ((middles - middles.mean()) ** 2).sum()))
    return Slope(mb_per_min=whole, noise=2 * spread)
