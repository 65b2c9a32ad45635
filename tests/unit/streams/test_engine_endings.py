"""Places where a process ends on purpose: failpoints, the watchdog, a source that cannot go on; in real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import SettingsError
from streams.engine.failpoint import VARIABLE, Failpoints
from streams.engine.watchdog import EXIT_CODE

ROOT = Path(__file__).resolve().parents[3]


def ran(program: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_is_killed_at_the_passage_that_was_asked_for() -> None:
    ended = ran(
        "from streams.engine.failpoint import Failpoints\n"
        "points = Failpoints('after_produce=kill@3')\n"
        "for passage in range(1, 9):\n"
        "    points.passing('elsewhere'); points.passing('after_produce')\n"
        "    print(passage, points.active('after_produce'), flush=True)\n"
    )
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.splitlines() == ["1 False", "2 True"]


def test_without_a_failpoint_nothing_happens() -> None:
    points = Failpoints.read({})
    points.passing("after_produce")
    assert not points.active("after_produce")


def test_several_places_may_be_named() -> None:
    points = Failpoints.read({VARIABLE: "after_read=kill@2,after_produce=hang@1"})
    assert points.active("after_produce") and not points.active("after_read")


@pytest.mark.parametrize("asked", ["nonsense", "after_produce=kill", "a=kill@1,b=explode@1", "a=kill@1x", "a=kill@0"])
def test_a_failpoint_that_is_not_understood_is_refused(asked: str) -> None:
    """A fault that was asked for and never comes would pass for a worker that stands it."""
    with pytest.raises(SettingsError, match="is not understood; write PLACE=kill@N"):
        Failpoints.read({VARIABLE: asked})


def test_a_call_that_does_not_return_ends_the_process_with_a_code_of_its_own() -> None:
    ended = ran(
        "import threading\n"
        "from streams.engine.watchdog import Watchdog\n"
        "with Watchdog(0.2).guarding('commit_transaction'):\n"
        "    threading.Event().wait()\n"
    )
    assert ended.returncode == EXIT_CODE
    assert ended.stderr.startswith("headrace: commit_transaction did not return within")


def test_a_step_is_guarded_still_after_a_step_within_it() -> None:
    ended = ran(
        "import threading\n"
        "from streams.engine.watchdog import Watchdog\n"
        "watchdog = Watchdog(0.2)\n"
        "with watchdog.guarding('finding where to go on'):\n"
        "    with watchdog.guarding('init_transactions'):\n"
        "        pass\n"
        "    threading.Event().wait()\n"
    )
    assert ended.returncode == EXIT_CODE
    assert ended.stderr.startswith("headrace: finding where to go on did not return within")


def test_calls_that_return_in_time_are_let_be() -> None:
    ended = ran(
        "import threading, time\n"
        "from streams.engine.watchdog import Watchdog\n"
        "watchdog, until = Watchdog(0.2), time.monotonic() + 1\n"
        "while time.monotonic() < until:\n"
        "    with watchdog.guarding('commit_transaction'):\n"
        "        threading.Event().wait(0.01)\n"
        "threading.Event().wait(0.5)\n"
        "print('done')\n"
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_time_in_which_the_process_was_suspended_does_not_count() -> None:
    """Seen to fail with a deadline of the clock's: the process ended as soon as it was let go on."""
    ended = ran(
        "import os, signal, subprocess, sys, threading\n"
        "from streams.engine.watchdog import Watchdog\n"
        "with Watchdog(2).guarding('commit_transaction'):\n"
        "    later = f'import os, time; time.sleep(3); os.kill({os.getpid()}, 18)'\n"
        "    waking = subprocess.Popen([sys.executable, '-c', later])\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    waking.wait()\n"
        "    threading.Event().wait(0.8)\n"
        "print('done')\n"
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n")


SOURCE = """
import asyncio
from headrace.kafka.errors import TopicMissing
from streams.engine.feed import Feed

class Source:
    def run(self, hand): raise {error}
    def stop(self): pass

async def main():
    await Feed(Source(), None).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_source_that_a_person_can_mend_ends_the_process_with_one_sentence() -> None:
    ended = ran(SOURCE.format(error="TopicMissing('toy.requests')"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("headrace: the topic toy.requests does not exist; `headrace apply")
    assert "Traceback" not in ended.stderr


def test_a_source_that_fails_unexpectedly_ends_the_process() -> None:
    ended = ran(SOURCE.format(error="RuntimeError('unexpected')"))
    assert ended.returncode == 1
    assert "source-failed" in ended.stdout and "unexpected" in ended.stdout
