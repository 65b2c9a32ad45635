"""What a person reads before approving: report.html with pictures, report.json with the same numbers."""

import json
from collections.abc import Mapping
from typing import Any

from headrace.modelfolder import ModelFolder
from trainer.core.evaluation import Judged
from trainer.report.page import page
from trainer.report.pictures import pictures


def report(
    folder: ModelFolder, told: Mapping[str, Any], judged: Judged, reference: Mapping[str, Any]
) -> dict[str, bytes]:
    """The files of a report, by name; told is what report.json holds."""
    facts = {"model": folder.name, "title": folder.toml.title, "label": folder.toml.label, "task": folder.task, **told}
    drawn = pictures(judged, reference, facts)
    return {
        "report.json": json.dumps(facts, indent=1, sort_keys=True, allow_nan=False).encode(),
        "report.html": page(facts, drawn).encode(),
    }
