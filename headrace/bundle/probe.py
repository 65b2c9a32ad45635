"""The child process that tries bundles: python -m headrace.bundle.probe.

Each line of its input is an order; it forks for it, the fork limits itself and tries the bundle, and one line of
JSON is the answer. It ends when its input does.
"""

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

from headrace.bundle import golden, modelfile
from headrace.bundle.errors import BundleError, ProbeDied, TooSlow
from headrace.bundle.load import Bundle, load
from headrace.bundle.verify import Verified
from headrace.priority import lower_priority

TIME_IS_UP = (signal.SIGXCPU, signal.SIGALRM)


def main() -> None:
    """Serve orders; answers go to the real stdout, which a model cannot print to by accident."""
    answers = os.dup(1)
    os.dup2(2, 1)
    lower_priority()
    modelfile.warm()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _in_the_fork(order, answers)
        _, status = os.waitpid(child, 0)
        if status != 0:
            _write(answers, _death(order, status))


def _in_the_fork(order: dict[str, Any], answers: int) -> None:
    try:
        _limit(memory=order["memory_bytes"], seconds=math.ceil(order["seconds"]))
        _write(answers, _answer(order))
        os._exit(0)
    finally:
        os._exit(1)


def _limit(*, memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    used = math.ceil(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # One that sleeps uses no processor time, and whoever gave the order may be gone: the alarm ends it in any case.
    signal.alarm(seconds + 5)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": True, "verified": asdict(_try(order))}
    except BundleError as error:
        return _refusal(type(error), str(error))
    except MemoryError:
        return _refusal(ProbeDied, f"the bundle needs more than {order['memory_bytes'] // 1024**2} MB of memory")
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever happens is an answer
        return _refusal(BundleError, f"{type(error).__name__}: {error}"[:1000])


def _death(order: dict[str, Any], status: int) -> dict[str, Any]:
    code = os.waitstatus_to_exitcode(status)
    if -code in TIME_IS_UP:
        return _refusal(ProbeDied, f"trying the bundle took longer than {order['seconds']:g} s: it hangs")
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return _refusal(ProbeDied, f"the process that tried the bundle {how}")


def _refusal(kind: type[BundleError], reason: str) -> dict[str, Any]:
    return {"ok": False, "error": kind.__name__, "reason": reason}


def _write(answers: int, answer: dict[str, Any]) -> None:
    os.write(answers, json.dumps(answer).encode() + b"\n")


def _try(order: dict[str, Any]) -> Verified:
    begun = time.perf_counter()
    bundle = load(Path(order["folder"]), order["digest"], size_cap=order["size_cap"])
    loaded = time.perf_counter()
    golden.check(bundle.predictor, bundle.golden)
    golden.check_independence(bundle.predictor, bundle.golden)
    per_row, one = _times(bundle)
    if per_row > order["us_per_row"]:
        raise TooSlow(f"scoring takes {per_row:.1f} us a row; at most {order['us_per_row']:g} are allowed")
    return Verified(
        digest=bundle.digest,
        golden_rows=bundle.golden.rows,
        load_ms=round((loaded - begun) * 1e3, 1),
        us_per_row=round(per_row, 3),
        one_row_us=round(one, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def _times(bundle: Bundle) -> tuple[float, float]:
    """Microseconds of processor time a row in a batch of 1,000, and of one row alone; the best of three."""
    many = golden.repeated(bundle.golden, 1000)
    one = golden.repeated(bundle.golden, 1)
    return min(_timed(bundle, many, 1000) for _ in range(3)) / 1000, min(_timed(bundle, one, 1) for _ in range(3))


def _timed(bundle: Bundle, columns: Any, rows: int) -> float:
    begun = _processor_s()
    bundle.predictor.scores(columns, rows)
    return (_processor_s() - begun) * 1e6


def _processor_s() -> float:
    """Of all threads. time.process_time() moves in the kernel's ticks only, once a process' time is limited."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
