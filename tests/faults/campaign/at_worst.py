"""Kills a process the moment a file grows: `python at_worst.py FILE PID`.

ClickHouse notes an insert's token in a file and moves the rows to their place a few microseconds later. Watching that
file without a pause is quick enough to kill it in between about every third time.
"""

import os
import signal
import sys

if __name__ == "__main__":
    file, pid = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
    size, look = os.fstat(file).st_size, os.fstat
    print("watching", flush=True)
    while look(file).st_size == size:
        pass
    os.kill(pid, signal.SIGKILL)
