"""Trying a bundle in a limited child process, so that one that crashes, hangs or eats memory harms nobody."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.bundle import errors
from headrace.bundle.errors import BundleError, ProbeDied
from headrace.bundle.load import SIZE_CAP, checked_files

# The child gets no credentials and no settings: only what Python needs to start.
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
# One thread each: the limit on address space would otherwise go into the stacks and pools of threads.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a probe may use."""

    memory_bytes: int = 3 * 1024**3
    seconds: float = 60.0
    us_per_row: float = 1000.0
    size_cap: int = SIZE_CAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a probe measured of a bundle that holds."""

    digest: str
    golden_rows: int
    load_ms: float
    us_per_row: float
    one_row_us: float
    peak_mb: float


def verify(folder: Path, expected_digest: str, limits: Limits | None = None) -> Verified:
    """Load, golden vectors and time per row in a child process; raises the BundleError that the child met."""
    limits = limits or Limits()
    checked_files(folder, expected_digest, size_cap=limits.size_cap)
    line = _run(folder, expected_digest, limits)
    if line.get("ok"):
        return Verified(**line["verified"])
    kind = getattr(errors, str(line.get("error")), BundleError)
    raise kind(str(line.get("reason")))


def _run(folder: Path, digest: str, limits: Limits) -> dict[str, Any]:
    order = json.dumps(
        {
            "folder": str(folder.resolve()),
            "digest": digest,
            "memory_bytes": limits.memory_bytes,
            "seconds": limits.seconds,
            "us_per_row": limits.us_per_row,
            "size_cap": limits.size_cap,
        }
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "headrace.bundle.probe", order],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.seconds + 5,
            env={k: os.environ[k] for k in PASSED_ON if k in os.environ} | THREADS,
            cwd="/",
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProbeDied(f"trying the bundle took longer than {limits.seconds:g} s: it hangs") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer
    except (ValueError, IndexError):
        raise ProbeDied(_death(done.returncode, done.stderr, limits)) from None


def _death(code: int, stderr: bytes, limits: Limits) -> str:
    last = (stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return (
        f"the process that tried the bundle {how} (limits: {limits.seconds:g} s, "
        f"{limits.memory_bytes // 1024**2} MB): {last[:300]}"
    )
