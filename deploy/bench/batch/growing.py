"""Inputs that grow, scored by one worker: what it takes of memory, and what is not spent on parts."""

from collections.abc import Sequence

from deploy.bench.batch.case import Case, scored
from deploy.bench.batch.jobs import write
from deploy.bench.measured import Measured
from deploy.bench.process import Running


def grow(case: Case, worker: Running, sizes: Sequence[int]) -> Measured:
    """One job of each size, the smallest first: a peak is that of all before it."""
    found = Measured("batch sizes", "rows a second as the input grows, linear, one worker", "rows_per_s")
    for rows in sorted(sizes):
        path = write(case.run.folder / "growing.parquet", rows, case.site.features.names)
        seconds, more = scored(case.site, path, f"growing-{rows}", "v1", [worker], rows, None)
        path.unlink()
        found.add(f"{rows:,} rows", rows_per_s=rows / seconds, **more)
        told = ", ".join(f"{figure} {value:.3g}" for figure, value in more.items())
        case.run.told(f"{rows:14,} rows {rows / seconds:12,.0f} rows/s, {told}")
    return found
