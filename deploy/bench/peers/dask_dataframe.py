"""Dask: read_parquet, map_partitions, to_parquet, on the scheduler that its data frames use unless told otherwise."""

from typing import Any

import dask
import dask.dataframe as dd

from deploy.bench.peers.scoring import Asked, scores, timed


def main() -> None:
    """Score a file, a row group a partition."""
    asked = Asked.read()

    def with_scores(frame: Any) -> Any:
        return frame.assign(score=scores(frame, asked.model))

    def work() -> int:
        # Of a single file Dask would make one partition, and use one thread.
        frame = dd.read_parquet(asked.file, split_row_groups=True)
        scored = frame.map_partitions(with_scores, meta=frame._meta.assign(score=0.0))
        scored.to_parquet(asked.output)
        return len(dd.read_parquet(asked.output))

    with dask.config.set(scheduler="threads", num_workers=asked.workers):
        timed(work)


if __name__ == "__main__":
    main()
