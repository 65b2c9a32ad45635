"""What the demo's steps act on: the stack, the feed, the workers, and the person who watches."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.demo.errors import StepFailed
from deploy.demo.feeding import Feeder
from deploy.demo.keys import Keys
from deploy.demo.summary import MODEL
from deploy.demo.tally import Tally
from deploy.demo.view import View
from deploy.demo.watch import Watch
from deploy.desk.checked import Checked
from deploy.desk.desk import Desk
from deploy.local.stack import LocalStack
from headrace.release import Link

TICK_S = 0.1
SCENE_S = 0.5


@dataclass(slots=True)
class Stage:
    """Acts, and shows what there is to see while it waits."""

    stack: LocalStack
    view: View
    keys: Keys
    desk: Desk
    feeder: Feeder
    watch: Watch
    tally: Tally
    kills: int = 0
    quitting: bool = False
    approved: list[Link] = field(default_factory=list)
    checked: dict[str, Checked] = field(default_factory=dict)
    _shown: float = 0.0

    def until(self, reached: Callable[[], bool], what: str, patience: float = 240.0) -> None:
        """Wait and show; ends early when the person quits. Raises StepFailed when it takes too long."""
        deadline = time.monotonic() + patience
        while not reached() and not self.quitting:
            if self.feeder.paused.is_set():
                deadline += TICK_S
            if time.monotonic() > deadline:
                raise StepFailed(f"{what} took longer than {patience:.0f} s; see {self.stack.folder.logs}")
            self._press(self.keys.pressed())
            if time.monotonic() - self._shown > SCENE_S:
                self.view.show(self.watch.scene(self.feeder))
                self._shown = time.monotonic()
            time.sleep(TICK_S)

    def check(self, version: str) -> None:
        """Hold a version against the release standard, as `headrace release check` does."""
        checked = self.desk.check(MODEL, version)
        met = ", ".join(point.name for point in checked.points if point.passed)
        not_met = "".join(f"; not met: {point.name}: {point.detail}" for point in checked.unmet)
        self.view.say(f"{version} {'does not meet' if not_met else 'meets'} the release standard: {met}{not_met}")
        self.checked[version] = checked

    def approve(self, version: str, reason: str) -> Link:
        """Release a version."""
        link = self.desk.approve(MODEL, version, reason=reason)
        self.approved.append(link)
        self.view.say(f"{version} approved: release {link.short}")
        return link

    def kill(self, name: str) -> None:
        """End a worker as an accident would; the supervisor starts it again."""
        self.stack.workers.supervisor.signal(name, signal.SIGKILL)
        self.kills += 1
        self.view.say(f"{name} killed with signal 9")

    def _press(self, key: str) -> None:
        if key == "k":
            self.kill(random.choice(self.watch.scorers))
        elif key == "s":
            self._swap()
        elif key == "p":
            paused = self.feeder.paused
            (paused.clear if paused.is_set() else paused.set)()
            self.view.say("paused" if paused.is_set() else "going on")
        elif key == "q":
            self.quitting = True
            self.feeder.stop()
            self.view.say("quitting: what was sent is still counted")

    def _swap(self) -> None:
        versions = [link.release.champion.version for link in self.approved]
        others = [version for version in versions if version != versions[-1]]
        if not others:
            self.view.say("nothing to swap with yet: the second model is still to come")
            return
        self.approve(others[-1], "a key was pressed in the demo")
