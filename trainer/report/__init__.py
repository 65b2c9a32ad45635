"""What a person reads before approving: report.html with pictures, report.json with the same numbers."""

import json
from collections.abc import Mapping
from typing import Any

from headrace.modelfolder import ModelFolder
from trainer.core.evaluation import Judged


def report(
    folder: ModelFolder, told: Mapping[str, Any], judged: Judged, reference: Mapping[str, Any]
) -> dict[str, bytes]:
    """The files of a report, by name."""
    return {"report.json": json.dumps({"model": folder.name, **told}, indent=1, sort_keys=True).encode()}
