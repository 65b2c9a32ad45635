"""Whether costs lie on a line, and how far from it at most."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """cost = fixed + each * x; residual: the largest distance of a point from it, as a share of the point."""

    fixed: float
    each: float
    residual: float

    def facts(self) -> dict[str, Any]:
        """For --json."""
        return {name: float(f"{value:.4g}") for name, value in asdict(self).items()}


def line(x: Sequence[float], cost: Sequence[float]) -> Line | None:
    """The line that misses the points by the smallest shares (least squares); None for fewer than three points."""
    if len(x) < 3:
        return None
    points, costs = np.array(x, float), np.array(cost, float)
    each, fixed = np.polyfit(points, costs, 1, w=1 / costs)
    residual = np.abs(fixed + each * points - costs) / costs
    return Line(fixed=float(fixed), each=float(each), residual=float(residual.max()))
