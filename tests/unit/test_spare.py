"""A process in waiting takes the place of a child that ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.supervise.child import Child
from deploy.local.supervise.spare import Spare
from deploy.local.supervise.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
ANEW = "import time; print('begun anew', flush=True); time.sleep(600)"
WAITING = """
import json, os, sys, time
order = json.loads(sys.stdin.readline() or sys.exit())
with open(order["log"], "a") as log:
    print("was waiting for", order["arguments"], order["env"]["WHO"], file=log, flush=True)
time.sleep(600)
"""


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "it did not come to pass"


def spare_of(program: str, folder: Path, seconds: float = 0.0) -> Spare:
    return Spare((sys.executable, "-c", program), dict(os.environ), folder / "spare.log", seconds)


def child(arguments: tuple[str, ...] | None) -> Child:
    return Child(name="one", argv=(sys.executable, "-c", ANEW), env={"WHO": "me"}, spare_arguments=arguments)


def killed_once(folder: Path, spare: Spare, asked: Child) -> str:
    """What the log says once a child that was killed is replaced."""
    log = folder / "one.log"
    with Supervisor(folder, spare=spare) as supervisor:
        supervisor.start(asked)
        until(lambda: log.exists() and "begun anew" in log.read_text())
        supervisor.signal("one", signal.SIGKILL)
        until(lambda: len(log.read_text().splitlines()) == 2)
        spare.stop()
    return log.read_text().splitlines()[1]


def test_what_waits_becomes_the_child_that_ended(tmp_path: Path) -> None:
    spare = spare_of(WAITING, tmp_path)
    spare.prepare()
    until(lambda: spare.ready)
    assert killed_once(tmp_path, spare, child(("worker", "x"))) == "was waiting for ['worker', 'x'] me"


def test_a_child_without_arguments_for_a_spare_is_begun_anew(tmp_path: Path) -> None:
    spare = spare_of(WAITING, tmp_path)
    spare.prepare()
    until(lambda: spare.ready)
    assert killed_once(tmp_path, spare, child(None)) == "begun anew"


@pytest.mark.parametrize("program", ["import sys; sys.exit(3)", "not python"])
def test_a_spare_that_ended_is_not_used(tmp_path: Path, program: str) -> None:
    spare = spare_of(program, tmp_path)
    spare.prepare()
    until(lambda: (tmp_path / "spare.log").exists())
    until(lambda: not spare.ready)
    assert killed_once(tmp_path, spare, child(("worker",))) == "begun anew"


def test_after_a_stop_nothing_waits(tmp_path: Path) -> None:
    spare = spare_of(WAITING, tmp_path)
    spare.prepare()
    until(lambda: spare.ready)
    spare.stop()
    assert not spare.ready and spare.take(("x",), {}, tmp_path / "log") is None


def test_a_scorer_in_waiting_becomes_what_it_is_told(tmp_path: Path) -> None:
    order = {"arguments": ["--version"], "env": {}, "log": str(tmp_path / "log")}
    command = [sys.executable, "-m", "streams.spare"]
    subprocess.run(command, input=json.dumps(order) + "\n", text=True, cwd=ROOT, timeout=120, check=True)
    assert (tmp_path / "log").read_text().startswith("headrace, version")


def test_a_scorer_in_waiting_that_nobody_needs_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams.spare"]
    done = subprocess.run(command, input="", text=True, cwd=ROOT, timeout=120, check=True, capture_output=True)
    assert (done.stdout, done.stderr) == ("", "")
