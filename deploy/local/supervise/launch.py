"""Becomes the given program, after asking the kernel to kill it when its parent dies.

Run as a script: launch.py PARENT_PID PROGRAM [ARGUMENT ...]. It imports nothing of Headrace, so that it is gone
in milliseconds; the process id stays the same.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
EXIT_CANNOT_RUN = 127


def die_with(parent: int) -> None:
    """Asks for SIGKILL at the parent's death; ends here and now if the parent is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # A parent that died before the call above would never be noticed by the kernel.
    if os.getppid() != parent:
        sys.exit(EXIT_CANNOT_RUN)


def become(argv: list[str]) -> None:
    """Replaces this process by the program."""
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"cannot run {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_CANNOT_RUN)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    become(sys.argv[2:])
