"""One fault, or the mutants, in a process of its own: python -m tests.faults.campaign.alone NAME …

Everything that it starts dies with it, whichever way it ends; the campaign may end it at any time.
"""

import argparse
import importlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.faults.campaign.faults import all_faults
from tests.faults.campaign.run import run
from tests.faults.campaign.stage import BRIEF, FULL

MUTANTS = "mutants"


def main() -> None:
    """Leave the outcome in a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--brief", action="store_true")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    if asked.name == MUTANTS:
        mutants: Any = importlib.import_module("tests.faults.campaign.mutants")
        asked.folder.mkdir(parents=True, exist_ok=True)
        asked.result.write_text(json.dumps(mutants.run_mutants(asked.seed, asked.folder), default=str))
        return
    (fault,) = [fault for fault in all_faults() if fault.name == asked.name]
    run(fault, asked.seed, BRIEF if asked.brief else FULL, asked.folder).write(asked.result)


def _leave(*_: object) -> None:
    sys.exit(143)


if __name__ == "__main__":
    main()
