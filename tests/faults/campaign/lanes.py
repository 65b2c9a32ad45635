"""Runs faults beside each other, each in a process of its own that can be ended at any time."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deploy.local.supervise.spawn import Process, spawn
from tests.faults.campaign.alone import MUTANTS
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.outcome import Outcome

ROOT = Path(__file__).resolve().parents[3]
LEAVING_S = 30.0
MUTANTS_S = 1800.0


class Lanes:
    """So many at once. Folders of faults that went well are removed, the others are kept; what was ended by `stop` is
    not told."""

    def __init__(self, folder: Path, seed: int, *, lanes: int, brief: bool) -> None:
        self._folder, self._seed, self._brief = folder, seed, brief
        self._pool = ThreadPoolExecutor(lanes)
        self._running: set[Process] = set()
        self._stopping = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, faults: Sequence[Fault], told: Callable[[Outcome], None]) -> list[Future[Outcome]]:
        """Run all, the longest first; `told` hears of each one's end, on that lane's thread."""
        ordered = sorted(faults, key=lambda fault: -fault.about_s)
        return [self._pool.submit(self._one, fault, told) for fault in ordered]

    def mutants(self) -> "Future[dict[str, Any]]":
        """Run the mutants in one lane, one after the other; they take longest."""
        return self._pool.submit(self._mutants)

    def stop(self) -> None:
        """End all processes; what has not begun will not. May be called twice."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            _leave(process)
        self._pool.shutdown(wait=True)

    def _one(self, fault: Fault, told: Callable[[Outcome], None]) -> Outcome:
        outcome = self._outcome(fault)
        if not self._stopping.is_set():
            told(outcome)
        return outcome

    def _outcome(self, fault: Fault) -> Outcome:
        row: dict[str, Any] = {"fault": fault.name, "title": fault.title, "rows": fault.rows}
        row |= {"seed": self._seed, "brief": self._brief}
        if reason := fault.needs():
            return Outcome(**row, reason=reason)
        folder = self._folder / fault.name
        ended, result = self._run(fault.name, folder, fault.deadline_s)
        if not result.exists():
            why = f"it ended with {ended}" if ended is not None else f"it was not done within {fault.deadline_s:.0f} s"
            return Outcome(**row, failures=(f"{why}: {self._log(fault.name)}",))
        outcome = Outcome.read(result)
        if outcome.ok:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome

    def _mutants(self) -> dict[str, Any]:
        ended, result = self._run(MUTANTS, self._folder / MUTANTS, MUTANTS_S)
        if not result.exists():
            return {"(none was run)": {"caught_by": [], "why": f"it ended with {ended}: {self._log(MUTANTS)}"}}
        found: dict[str, Any] = json.loads(result.read_text())
        return found

    def _run(self, name: str, folder: Path, seconds: float) -> tuple[int | None, Path]:
        """The exit code (None: it had to be ended) and the file in which it left its result."""
        result = self._folder / f"{name}.json"
        asked = [name, "--seed", str(self._seed), "--folder", str(folder), "--result", str(result)]
        asked += ["--brief"] if self._brief else []
        argv = [sys.executable, "-m", "tests.faults.campaign.alone", *asked]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        process = spawn(argv, env=env, log=self._log(name))
        self._running.add(process)
        try:
            if self._stopping.is_set():
                process.terminate()
            return process.wait(seconds), result
        except subprocess.TimeoutExpired:
            process.terminate()
            _leave(process)
            return None, result
        finally:
            self._running.discard(process)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def _leave(process: Process) -> None:
    """Wait for its own clean-up; what it started dies with it in any case."""
    try:
        process.wait(LEAVING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
