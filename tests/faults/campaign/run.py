"""Runs one fault: servers, a world, the strike, the wait for recovery, the checker."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.lag import LagWatch
from tests.faults.campaign.outcome import RAW, VIEW, Outcome
from tests.faults.campaign.stage import Size, Stage
from tests.faults.world import World


def run(fault: Fault, seed: int, size: Size, folder: Path) -> Outcome:
    """The outcome; nothing that was started is left running."""
    begun, used = time.monotonic(), cpu_s()
    row: dict[str, Any] = {"fault": fault.name, "title": fault.title, "rows": fault.rows, "seed": seed}
    row["brief"] = size.brief
    if reason := fault.needs():
        return Outcome(**row, reason=reason)
    folder.mkdir(parents=True)
    found: dict[str, Any] = {}
    failures: list[str] = []
    try:
        with _staged(fault, seed, size, folder) as stage:
            try:
                _strike(fault, stage, failures)
                found = _measured(fault, stage, failures)
            finally:
                failures += stage.failures
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")
    failures += [] if found else ["the checker did not report"]
    found |= {"seconds": round(time.monotonic() - begun, 1), "cpu_s": round(cpu_s() - used, 1)}
    return Outcome(**row, **found, ok=not failures, failures=tuple(failures))


@contextmanager
def _staged(fault: Fault, seed: int, size: Size, folder: Path) -> Iterator[Stage]:
    with fault.servers(folder) as servers:
        world = World(folder / "world", servers.bootstrap, servers.clickhouse, **fault.world)
        lag = LagWatch(servers.bootstrap, servers.clickhouse, world.model)
        stage = Stage(world=world, servers=servers, size=size, folder=folder, seed=f"{seed} {fault.name}", lag=lag)
        try:
            yield stage
        finally:
            lag.close()
            world.close()


def _strike(fault: Fault, stage: Stage, failures: list[str]) -> None:
    """Strike and wait; the checker counts even where that failed, and says more than the failure."""
    for step in (partial(fault.strike, stage), partial(stage.settle, fault.settle_s)):
        try:
            step()
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")


def _measured(fault: Fault, stage: Stage, failures: list[str]) -> dict[str, Any]:
    report = stage.world.check(wait_s=10)
    checks = {name: len(found) for name, found in report["faults"].items()}
    forgiven = RAW if stage.duplicates_raw_allowed else ()
    failures += [f"{name}: {report['faults'][name][:3]}" for name in checks if name not in forgiven]
    recovered = stage.lag.recovered_s
    if not stage.happened:
        failures.append("the fault never happened")
    elif recovered is None or recovered > fault.recover_s:
        failures.append(f"lag was not gone within {fault.recover_s:.0f} s of the last strike: {recovered}")
    return {
        "happened": stage.happened,
        "sent": report["journalled"],
        "acknowledged": report["acknowledged"],
        "lost": checks.get("lost", 0) + checks.get("lost row", 0),
        "duplicates_raw": sum(checks.get(name, 0) for name in RAW),
        "duplicates": sum(checks.get(name, 0) for name in VIEW),
        "dead_letters": report["dead_letters"],
        "recovered_s": recovered,
        "checks": checks,
        "notes": {"answered_ms": report["answered_ms"], "most_behind": stage.lag.most} | stage.notes,
    }


def cpu_s() -> float:
    """Processor time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
