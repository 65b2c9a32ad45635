"""Work that leaves the processors to whoever answers requests."""

import os
import time
from pathlib import Path

NICE = 10
AUTOGROUP = Path("/proc/self/autogroup")
# Linux takes one such change in 100 ms, of all users without privileges together.
TRIES = 20
AGAIN_S = 0.11


def lower_priority() -> None:
    """Let everything else on this machine run first, from now on.

    Linux often weighs sessions against each other before their processes (sched_autogroup). What a process is worth
    counts in its own session only, then; one that has a session to itself lowers that as well.
    """
    os.nice(NICE)
    if os.getsid(0) == os.getpid():
        _lower_session()


def _lower_session() -> None:
    for _ in range(TRIES):
        try:
            AUTOGROUP.write_text(str(NICE))
        except BlockingIOError:
            time.sleep(AGAIN_S)
        except OSError:
            return  # sessions are not weighed here
        else:
            return
