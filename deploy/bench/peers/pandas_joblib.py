"""pandas and joblib: read_parquet, a piece of the frame for each task of Parallel, to_parquet."""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from deploy.bench.peers.scoring import Asked, scores, timed

ROWS = 100_000


def main() -> None:
    """Score a file."""
    asked = Asked.read()
    with Parallel(n_jobs=asked.workers) as parallel:
        # Its processes have started, and imported what they need, before the clock does.
        none = pd.DataFrame({name: [0.0] for name in asked.model.names})
        parallel(delayed(scores)(none, asked.model) for _ in range(asked.workers))

        def work() -> int:
            frame = pd.read_parquet(asked.file)
            pieces = [frame.iloc[start : start + ROWS] for start in range(0, len(frame), ROWS)]
            frame["score"] = np.concatenate(parallel(delayed(scores)(piece, asked.model) for piece in pieces))
            frame.to_parquet(asked.output)
            return len(frame)

        timed(work)


if __name__ == "__main__":
    main()
