"""On what a campaign ran."""

import importlib.metadata
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.kafka.lock import LOCK

PACKAGES = ("confluent-kafka", "faust-streaming", "clickhouse-driver", "chdb-core", "scikit-learn", "numpy", "pyarrow")
ROOT = Path(__file__).resolve().parents[3]


def about() -> dict[str, Any]:
    """Machine, versions, date."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": _found(Path("/proc/cpuinfo"), r"model name\s*: (.+)") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(_found(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)") or 0) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": _found(LOCK, r"kafka-clients-([\d.]+)\.jar") or "unknown",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _found(path: Path, pattern: str) -> str:
    match = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
    return match[1].strip() if match else ""


def _commit() -> str:
    """The commit, and whether files differ from it."""
    try:
        return _git("rev-parse", "--short", "HEAD") + (", changed" if _git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
