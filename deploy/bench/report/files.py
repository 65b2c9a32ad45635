"""What runs left behind, one JSON object a file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.bench.errors import BenchFailed
from deploy.bench.report.runs import CHAPTERS


def read_runs(folder: Path) -> dict[str, Mapping[str, Any]]:
    """All that are there, in the order of the chapters; raises BenchFailed when none is."""
    found = {one.name: folder / one.file for one in CHAPTERS if (folder / one.file).is_file()}
    if not found:
        raise BenchFailed(f"{folder} holds nothing that a bench has left; run `headrace bench all` first")
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items()}
