"""Loads releases without bundles."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import replace

from headrace.release import Link
from streams.score.serving import Serving
from tests.fakes.models import serving


class FakeLoading:
    """Fails for the versions named; with a gate every load waits until the test opens it."""

    def __init__(self, faults: Mapping[str, Exception] | None = None, gate: threading.Event | None = None) -> None:
        self.faults = dict(faults or {})
        self.tried: list[str] = []
        self.entered, self._times = threading.Event(), threading.Condition()
        self._gate = gate

    def prepare(self) -> None:
        """Nothing is tried in a child here."""

    def load(self, link: Link) -> Serving:
        version = link.release.champion.version
        with self._times:
            self.tried.append(version)
            self._times.notify_all()
        self.entered.set()
        if self._gate is not None and not self._gate.wait(30):
            raise AssertionError("the test never opened the gate")
        if version in self.faults:
            raise self.faults[version]
        return replace(serving(), release=link.id)

    def let_go(self) -> None:
        """Nothing was loaded."""

    def tries(self, times: int) -> None:
        """Wait until it was tried so often."""
        with self._times:
            assert self._times.wait_for(lambda: len(self.tried) >= times, 30)

    def mend(self, versions: Collection[str]) -> None:
        """These load from now on."""
        self.faults = {version: error for version, error in self.faults.items() if version not in versions}
