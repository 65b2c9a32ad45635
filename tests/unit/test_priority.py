"""Work in the background counts for less than all else, whether or not sessions are weighed before processes."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from headrace import priority
from headrace.priority import NICE

TOLD = """
import os
from pathlib import Path
from headrace.priority import lower_priority
lower_priority()
group = Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), *(group.read_text().split()[-1:] if group.exists() else []))
"""


def lowered(*, leads: bool) -> list[int]:
    """Niceness of a process that leads a new session, or is another of it; and the session's, if weighed."""
    alone = [sys.executable, "-c", TOLD]
    command = alone if leads else ["sh", "-c", f"{shlex.join(alone)}; true"]
    told = subprocess.run(command, check=True, capture_output=True, start_new_session=True, timeout=60)
    return [int(one) for one in told.stdout.split()]


def test_a_process_counts_for_less_than_others() -> None:
    assert lowered(leads=False)[0] == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system does not weigh sessions")
def test_a_session_of_its_own_counts_for_less_and_that_of_others_does_not() -> None:
    assert lowered(leads=True)[1] == NICE
    assert lowered(leads=False)[1] == 0


def test_a_session_that_the_kernel_puts_off_is_lowered_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without privileges, whoever comes second within 100 ms is sent away, as a second batch worker is."""
    group, sent_away = tmp_path / "autogroup", iter([BlockingIOError(), BlockingIOError()])

    class Busy:
        def write_text(self, text: str) -> None:
            if (error := next(sent_away, None)) is not None:
                raise error
            group.write_text(text)

    monkeypatch.setattr(priority, "AUTOGROUP", Busy())
    priority._lower_session()
    assert group.read_text() == str(NICE)
