"""Runs mutants beside each other, each in a process of its own that stands in the mutant's tree."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deploy.local.supervise.spawn import spawn
from tests.faults.campaign.mutants.listed import mutants
from tests.faults.campaign.mutants.mutant import ROOT, Mutant
from tests.faults.campaign.run import run
from tests.faults.campaign.stage import Size
from tests.faults.worker import PRODUCT

LANES = 2
EACH_S = 240.0
SIZE = Size(requests=1000, times=1, brief=True)


def run_mutants(seed: int, folder: Path, names: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Of each mutant by which checks it was caught, and why not where it was not."""
    chosen = [mutant for mutant in mutants() if not names or mutant.name in names]
    with ThreadPoolExecutor(LANES) as lanes:
        told = list(lanes.map(lambda mutant: _apart(mutant, seed, folder), chosen))
    return {mutant.name: verdict for mutant, verdict in zip(chosen, told, strict=True)}


def _apart(mutant: Mutant, seed: int, folder: Path) -> dict[str, Any]:
    """In a process of its own; what it started dies with it."""
    result, log = folder / f"{mutant.name}.json", folder / f"{mutant.name}.log"
    argv = [sys.executable, "-m", "tests.faults.campaign.mutants", "--alone", mutant.name]
    argv += ["--seed", str(seed), "--folder", str(folder)]
    process = spawn(argv, env={**os.environ, "PYTHONPATH": str(ROOT)}, log=log)
    try:
        ended = process.wait(EACH_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return {"caught_by": [], "why": f"it was not done within {EACH_S:.0f} s: {log}"}
    if not result.exists():
        return {"caught_by": [], "why": f"it ended with {ended}: {log}"}
    told: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return told


def run_alone(name: str, seed: int, folder: Path) -> None:
    """One mutant in this process. Its workers are of the mutant's tree; the strike and the checker are of this one."""
    (mutant,) = [mutant for mutant in mutants() if mutant.name == name]
    place = folder.absolute() / name
    mutant.grow(tree := place / "tree")
    # Python looks where it is started first, then where PYTHONPATH says.
    os.chdir(tree)
    os.environ[PRODUCT] = str(tree)
    outcome = run(mutant.fault, seed, SIZE, place / "run")
    verdict = mutant.verdict(outcome, (place / "run" / "world").glob("*.log"))
    place.with_suffix(".json").write_text(json.dumps(verdict, default=str), encoding="utf-8")
    if verdict["caught_by"]:
        shutil.rmtree(place, ignore_errors=True)
