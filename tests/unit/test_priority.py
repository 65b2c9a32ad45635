"""Work in the background counts for less than all else, whether or not sessions are weighed before processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.priority import NICE

TOLD = """
import os
from pathlib import Path
from headrace.priority import lower_priority
lower_priority()
group = Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), *(group.read_text().split()[-1:] if group.exists() else []))
"""
GROUPS = Path("/proc/self/autogroup").exists()


def lowered(*, own_session: bool) -> list[int]:
    """Niceness of such a process, and of its session where those are weighed."""
    told = subprocess.run(
        [sys.executable, "-c", TOLD], check=True, capture_output=True, start_new_session=own_session, timeout=60
    )
    return [int(one) for one in told.stdout.split()]


def test_a_process_counts_for_less_than_others() -> None:
    assert lowered(own_session=False)[0] == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)


@pytest.mark.skipif(not GROUPS, reason="this system does not weigh sessions")
def test_a_session_of_its_own_counts_for_less_and_that_of_others_does_not() -> None:
    ours = int(Path("/proc/self/autogroup").read_text().split()[-1])
    assert lowered(own_session=True)[1] == NICE
    assert lowered(own_session=False)[1] == ours
