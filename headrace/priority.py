"""Work that leaves the processors to whoever answers requests."""

import os
from contextlib import suppress
from pathlib import Path

NICE = 10
AUTOGROUP = Path("/proc/self/autogroup")


def lower_priority() -> None:
    """Let everything else on this machine run first, from now on.

    Linux often weighs sessions against each other before their processes (sched_autogroup). What a process is worth
    counts in its own session only, then; one that has a session to itself lowers that as well.
    """
    os.nice(NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICE))
