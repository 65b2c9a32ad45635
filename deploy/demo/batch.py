"""The demo's last step: the whole year, scored in batch by the version that serves now."""

import json
from typing import Any

from deploy.demo import flights
from deploy.demo.stage import Stage
from deploy.demo.summary import MODEL
from deploy.demo.training import headrace

KEPT = ("rows_in", "rows_scored", "rows_rejected", "parts", "seconds", "version", "output")
ROWS_PER_PART = 50_000


def score_year(stage: Stage) -> dict[str, Any]:
    """Write the year as Parquet, start a batch worker, submit, wait; what the job says of itself."""
    if stage.quitting:
        return {}
    folder = stage.stack.data_dir
    stage.view.say("scoring the whole year in batch …")
    flights.write_year(folder / "year.parquet")
    stage.stack.workers.start("batch-1", "batch")
    asked = ("--input", str(folder / "year.parquet"), "--output", str(folder / "scored"))
    sized = ("--rows-per-part", str(ROWS_PER_PART))
    told = json.loads(headrace(folder, "batch", "submit", MODEL, *asked, *sized, "--wait", "--json"))
    return {name: told[name] for name in KEPT}
