"""The supervisor: when it starts a child again, and what it does to real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.supervise.backoff import LONGEST_SECONDS, SETTLED_SECONDS, BackOff
from deploy.local.supervise.child import Child
from deploy.local.supervise.errors import SuperviseError
from deploy.local.supervise.events import Ended, Event, Restarting, Started
from deploy.local.supervise.spawn import spawn
from deploy.local.supervise.supervisor import Supervisor

DEADLINE_SECONDS = 20
SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)


def delays(*lives: float) -> list[float]:
    state, found = BackOff(), []
    for lived in lives:
        state = state.after(lived)
        found.append(state.delay_seconds)
    return found


def test_the_first_restart_is_at_once_then_the_wait_doubles_up_to_ten_seconds() -> None:
    assert delays(*[0.1] * 9) == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_child_that_had_settled_is_restarted_at_once_again() -> None:
    assert delays(1, 1, 1, SETTLED_SECONDS, 1) == [0.0, 0.2, 0.4, 0.0, 0.2]


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=3000))
def test_no_wait_is_longer_than_the_longest(lives: list[float]) -> None:
    assert all(0 <= delay <= LONGEST_SECONDS for delay in delays(*lives))


def test_a_child_that_failed_ten_thousand_times_still_has_a_wait() -> None:
    assert delays(*[0.0] * 10_000)[-1] == LONGEST_SECONDS


class Heard:
    """The events so far, and a way to wait for the next of a kind."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Event] = SimpleQueue()
        self.seen: list[Event] = []

    def next(self, kind: type[Event]) -> Event:
        while True:
            event = self.queue.get(timeout=DEADLINE_SECONDS)
            self.seen.append(event)
            if isinstance(event, kind):
                return event


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def supervisor(tmp_path: Path, heard: Heard) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs", heard.queue.put) as supervisor:
        yield supervisor


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def log_says(supervisor: Supervisor, name: str, text: str) -> Callable[[], bool]:
    return lambda: text in supervisor.status(name).log.read_text()


def test_a_child_killed_with_9_is_back_within_a_fifth_of_a_second(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start(Child(name="scorer", argv=SLEEPER))
    first = heard.next(Started)
    supervisor.signal("scorer", signal.SIGKILL)
    ended = heard.next(Ended)
    at = time.monotonic()
    second = heard.next(Started)
    assert time.monotonic() - at <= 0.2
    assert ended == Ended(name="scorer", code=None, signal=9, asked=False)
    assert isinstance(first, Started)
    assert isinstance(second, Started)
    assert second.restarts == 1
    assert second.pid != first.pid
    assert supervisor.status("scorer").pid == second.pid


def test_a_child_that_keeps_failing_waits_longer_each_time(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start(Child(name="broken", argv=(sys.executable, "-c", "raise SystemExit(7)")))
    waits = [heard.next(Restarting) for _ in range(3)]
    assert waits == [Restarting(name="broken", seconds=seconds) for seconds in (0.0, 0.2, 0.4)]
    assert Ended(name="broken", code=7, signal=None, asked=False) in heard.seen
    assert supervisor.status("broken").restarts == 2


def test_a_stopped_child_is_not_started_again(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start(Child(name="scorer", argv=SLEEPER))
    started = heard.next(Started)
    eventually(log_says(supervisor, "scorer", "up"))
    supervisor.stop("scorer")
    assert heard.next(Ended) == Ended(name="scorer", code=None, signal=15, asked=True)
    status = supervisor.status("scorer")
    assert (status.state, status.pid, status.restarts) == ("stopped", None, 0)
    assert heard.queue.empty()
    assert isinstance(started, Started)
    assert is_gone(started.pid)


def test_a_child_deaf_to_sigterm_is_killed_after_the_grace(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start(Child(name="deaf", argv=DEAF))
    eventually(log_says(supervisor, "deaf", "deaf"))
    supervisor.stop("deaf", grace_seconds=0.3)
    assert heard.next(Ended) == Ended(name="deaf", code=None, signal=9, asked=True)


def test_a_child_that_waits_for_its_restart_can_be_stopped_at_once(
    supervisor: Supervisor, heard: Heard, tmp_path: Path
) -> None:
    healed = tmp_path / "healed"
    program = f"import pathlib, time; pathlib.Path({str(healed)!r}).exists() or exit(1); time.sleep(600)"
    supervisor.start(Child(name="broken", argv=(sys.executable, "-c", program)))
    while heard.next(Restarting) != Restarting(name="broken", seconds=1.6):
        pass
    eventually(lambda: supervisor.status("broken").state == "waiting")
    healed.touch()
    at = time.monotonic()
    supervisor.stop("broken")
    assert time.monotonic() - at < 1.0
    assert supervisor.status("broken").state == "stopped"
    assert heard.queue.empty()


def test_all_children_are_stopped_side_by_side(supervisor: Supervisor) -> None:
    names = [f"deaf-{number}" for number in range(4)]
    for name in names:
        supervisor.start(Child(name=name, argv=DEAF))
    for name in names:
        eventually(log_says(supervisor, name, "deaf"))
    at = time.monotonic()
    supervisor.stop_all(grace_seconds=1.0)
    assert time.monotonic() - at < 3.0
    assert {status.state for status in supervisor.statuses()} == {"stopped"}


def test_a_child_gets_its_environment_and_its_output_goes_to_its_log(supervisor: Supervisor) -> None:
    program = "import os, sys, time; print(os.environ['COLOUR'], flush=True); sys.stderr.write('err'); time.sleep(600)"
    supervisor.start(Child(name="painter", argv=(sys.executable, "-c", program), env={"COLOUR": "green"}))
    eventually(log_says(supervisor, "painter", "green"))
    eventually(log_says(supervisor, "painter", "err"))
    assert supervisor.status("painter").log.name == "painter.log"


def test_a_program_that_is_not_there_ends_with_127_and_says_so(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start(Child(name="ghost", argv=("/no/such/program",)))
    assert heard.next(Ended) == Ended(name="ghost", code=127, signal=None, asked=False)
    eventually(log_says(supervisor, "ghost", "cannot run /no/such/program: No such file or directory"))


def test_a_display_that_raises_does_not_end_the_supervision(tmp_path: Path) -> None:
    def broken_display(_: Event) -> None:
        raise RuntimeError("the terminal went away")

    with Supervisor(tmp_path, broken_display) as supervisor:
        supervisor.start(Child(name="scorer", argv=SLEEPER))
        supervisor.signal("scorer", signal.SIGKILL)
        eventually(lambda: supervisor.status("scorer").restarts == 1)


def test_names_that_are_taken_or_unknown_are_refused(supervisor: Supervisor) -> None:
    supervisor.start(Child(name="scorer", argv=SLEEPER))
    with pytest.raises(SuperviseError, match="'scorer' is running already"):
        supervisor.start(Child(name="scorer", argv=SLEEPER))
    with pytest.raises(SuperviseError, match="no child is named 'sink'; there are: scorer"):
        supervisor.stop("sink")


def test_a_stopped_child_can_be_started_anew(supervisor: Supervisor) -> None:
    supervisor.start(Child(name="scorer", argv=SLEEPER))
    supervisor.stop("scorer")
    supervisor.start(Child(name="scorer", argv=SLEEPER))
    assert supervisor.status("scorer").state == "running"


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """Red when spawn calls Popen itself: the kernel takes the end of the starting thread for the parent's death."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path / "log"

    def start_and_end() -> None:
        started.append(spawn(SLEEPER, env=dict(os.environ), log=log))
        # The child must have asked for the signal before this thread ends.
        eventually(lambda: "up" in log.read_text())

    thread = Thread(target=start_and_end)
    thread.start()
    thread.join()
    (child,) = started
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.kill()
    child.wait()


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Red when launch.py does not ask for the signal."""
    program = f"""
import sys, time
from pathlib import Path
from deploy.local.supervise.child import Child
from deploy.local.supervise.supervisor import Supervisor
supervisor = Supervisor(Path({str(tmp_path)!r}))
supervisor.start(Child(name="scorer", argv={SLEEPER!r}))
while "up" not in supervisor.status("scorer").log.read_text():
    time.sleep(0.01)
print(supervisor.status("scorer").pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    eventually(lambda: is_gone(pid))
