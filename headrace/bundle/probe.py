"""The child process that tries a bundle: python -m headrace.bundle.probe ORDER, one line of JSON as its answer."""

import json
import math
import os
import resource
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any


def main(order: dict[str, Any]) -> None:
    """Limit this process, then try the bundle; the answer goes to the real stdout, which a model cannot print to."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _limit(memory=order["memory_bytes"], seconds=math.ceil(order["seconds"]))
    answers.write(json.dumps(_answer(order)) + "\n")
    answers.flush()


def _limit(*, memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A child that sleeps uses no processor time, and its parent may be gone: the alarm ends it in any case.
    signal.alarm(seconds + 5)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    from headrace.bundle.errors import BundleError, ProbeDied

    try:
        return {"ok": True, "verified": asdict(_try(order))}
    except BundleError as error:
        return {"ok": False, "error": type(error).__name__, "reason": str(error)}
    except MemoryError:
        reason = f"the bundle needs more than {order['memory_bytes'] // 1024**2} MB of memory"
        return {"ok": False, "error": ProbeDied.__name__, "reason": reason}
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever happens is an answer
        return {"ok": False, "error": BundleError.__name__, "reason": f"{type(error).__name__}: {error}"[:2000]}


def _try(order: dict[str, Any]) -> Any:
    from headrace.bundle import golden
    from headrace.bundle.errors import TooSlow
    from headrace.bundle.load import load
    from headrace.bundle.verify import Verified

    begun = time.perf_counter()
    bundle = load(Path(order["folder"]), order["digest"], size_cap=order["size_cap"])
    loaded = time.perf_counter()
    golden.check(bundle.predictor, bundle.golden)
    golden.check_independence(bundle.predictor, bundle.golden)
    per_row, one = _times(bundle)
    if per_row > order["us_per_row"]:
        raise TooSlow(f"scoring takes {per_row:.0f} us a row; at most {order['us_per_row']:.0f} are allowed")
    return Verified(
        digest=bundle.digest,
        golden_rows=bundle.golden.rows,
        load_ms=round((loaded - begun) * 1e3, 1),
        us_per_row=round(per_row, 3),
        one_row_us=round(one, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def _times(bundle: Any) -> tuple[float, float]:
    """Microseconds a row in a batch of 1,000 or more, and of one row alone; the better of three."""
    import pyarrow as pa

    vectors = bundle.golden
    rows = [i % vectors.rows for i in range(1000)]
    many = {name: column.take(pa.array(rows)) for name, column in vectors.columns.items()}
    one = {name: column.slice(0, 1) for name, column in vectors.columns.items()}
    return min(_timed(bundle, many, 1000) for _ in range(3)) / 1000, min(_timed(bundle, one, 1) for _ in range(3))


def _timed(bundle: Any, columns: Any, rows: int) -> float:
    begun = time.perf_counter()
    bundle.predictor.scores(columns, rows)
    return (time.perf_counter() - begun) * 1e6


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
