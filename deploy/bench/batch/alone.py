"""The program that only scores: pyarrow reads the file, the model's own call gives the scores, nothing is written.

It prints seconds and CPU seconds as JSON; imports and loading are not among them.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.bundle import manifest, modelfile
from headrace.bundle.manifest import Manifest


def main() -> None:
    """FILE BUNDLE: score every row of the file by the bundle's model, in one call."""
    file, folder = sys.argv[1:]
    pa.set_cpu_count(1)
    estimator = modelfile.loads((Path(folder) / manifest.MODEL).read_bytes())
    names = Manifest.read(Path(folder)).features.names
    estimator.predict_proba(np.zeros((64, len(names))))
    began, cpu = time.perf_counter(), time.process_time()
    table = pq.read_table(file, columns=list(names), use_threads=False)
    scores = estimator.predict_proba(np.column_stack([table[name].to_numpy() for name in names]))[:, 1]
    told = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu, "rows": len(scores)}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
