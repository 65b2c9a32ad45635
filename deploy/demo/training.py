"""Training during the demo: `headrace train` as a process of its own, as anywhere."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.demo.errors import StepFailed
from deploy.local.part import python_path

KEPT = ("rows", "positives", "evaluation_rows", "evaluation_positives", "auc", "log_loss", "brier", "seconds")


HEADRACE = (sys.executable, "-m", "headrace")


def headrace(data_dir: Path, *arguments: str) -> str:
    """Run a command to its end; what it printed. Raises StepFailed with what it said."""
    argv = [*HEADRACE, *arguments]
    done = subprocess.run(argv, env=os.environ | _own(data_dir), capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise StepFailed(f"headrace {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _own(data_dir: Path) -> dict[str, str]:
    return {"HEADRACE_DATA_DIR": str(data_dir), "PYTHONPATH": python_path()}


class Training:
    """One run of the trainer."""

    def __init__(self, folder: Path, data_dir: Path, until: datetime) -> None:
        command = [*HEADRACE, "train", str(folder), "--until", until.date().isoformat(), "--json"]
        self._process = subprocess.Popen(
            command, env=os.environ | _own(data_dir), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def result(self) -> dict[str, Any]:
        """What it measured; waits for its end. Raises StepFailed with what it said."""
        out, err = self._process.communicate(timeout=600)
        if self._process.returncode:
            raise StepFailed(f"training failed: {err.strip() or out.strip()}")
        found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        return found

    def stop(self) -> None:
        """End it if it still runs."""
        if not self.done:
            self._process.kill()
            self._process.wait()


def kept(result: dict[str, Any]) -> dict[str, Any]:
    """What the summary tells of a training."""
    return {name: result[name] for name in KEPT}
