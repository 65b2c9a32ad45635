"""python -m tests.faults.campaign.mutants [NAME …]"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.faults.campaign.mutants.running import run_alone, run_mutants


def main() -> int:
    """0 when every mutant was caught."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--alone", metavar="NAME", help="in this process, whose folder becomes the mutant's")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="headrace-mutants-"))
    if asked.alone:
        run_alone(asked.alone, asked.seed, folder)
        return 0
    told = run_mutants(asked.seed, folder, asked.names)
    print(json.dumps(told, indent=1), folder, sep="\n")
    return 0 if all(verdict["caught_by"] for verdict in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
