"""A version that was tried and held against the release standard."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.desk.standard import Point
from headrace.bundle import Manifest, Verified

REPORT = "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a release of a version would rest on. standard: the file's digest; empty where there is none."""

    manifest: Manifest
    verified: Verified
    proposer: str | None
    standard: str
    points: tuple[Point, ...]

    @property
    def unmet(self) -> tuple[Point, ...]:
        """The points that were not met."""
        return tuple(point for point in self.points if not point.passed)

    def evidence(self, override: str, present: Verified | None) -> dict[str, Any]:
        """As the release keeps it for ever; present: what the version that it replaces took in the same sitting."""
        told: dict[str, Any] = {
            "metrics": self.manifest.metrics,
            "code_revision": self.manifest.code_revision,
            "verified": asdict(self.verified),
            "proposer": self.proposer,
            "standard": {"digest": self.standard, "points": [asdict(point) for point in self.points]},
        }
        told |= {"replaced": asdict(present)} if present else {}
        return told | ({"override": override} if override else {})

    def to_dict(self) -> dict[str, Any]:
        """As `headrace release check --json` prints it."""
        return {
            "model": self.manifest.model,
            "version": self.manifest.version,
            "met": not self.unmet,
            "standard": self.standard or None,
            "proposer": self.proposer,
            "points": [asdict(point) for point in self.points],
        }


def report_of(folder: Path, manifest: Manifest) -> Mapping[str, Any]:
    """The bundle's report, covered by its digest; what the manifest says where a bundle has none."""
    if REPORT in manifest.files:
        report: dict[str, Any] = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        return report
    training = {"rows": 0, "evaluation_rows": 0, **manifest.training}
    return {"training": training, "metrics": manifest.metrics, "against": None, "slices": []}


def unmet(model: str, version: str, points: Sequence[Point]) -> str:
    """What stands against a version, for a person."""
    lines = "; ".join(f"{point.name}: {point.detail}" for point in points)
    return (
        f"{model} {version} does not meet the release standard: {lines}. Nothing was released; "
        '--override "REASON" releases it all the same, and the reason stays in the release for ever'
    )
