"""CPU time of something that may take a microsecond or a second."""

import gc
import time
from collections.abc import Callable
from typing import Any


def us_a_record(work: Callable[[], Any], rows: int, seconds: float) -> float:
    """CPU microseconds a record, of all threads, over about so many seconds; what else runs does not count."""
    work()
    gc.collect()
    times, spent, began = 0, 0.0, time.process_time()
    while spent < seconds:
        work()
        times += 1
        spent = time.process_time() - began
    return spent / (times * rows) * 1e6
