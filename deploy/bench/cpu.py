"""What a process has used of the processors."""

import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU seconds of all threads of a process so far; librdkafka's are among them."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
