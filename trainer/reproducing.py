"""Training a version once more, from what its manifest says, to see that it comes out the same."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.bundle import Manifest
from headrace.bundle.libraries import present
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.registry import Registry
from headrace.settings import Settings
from trainer import app
from trainer.core.query import query, read
from trainer.dataset import ClickHouseRows
from trainer.errors import TrainingError
from trainer.finding import find_folder
from trainer.ports import Progress
from trainer.revision import code_revision

SAME = ("data_fingerprint", "evaluation_fingerprint", "rows", "evaluation_rows", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """What differs between a version and its second making: name -> [then, now]. Nothing: it was reproduced."""

    model: str
    version: str
    fingerprint: str
    differences: dict[str, list[Any]]

    def to_dict(self) -> dict[str, Any]:
        """As --json prints it."""
        told = {"model": self.model, "version": self.version, "data_fingerprint": self.fingerprint}
        return {**told, "reproduced": not self.differences, "differences": self.differences}

    def lines(self) -> list[str]:
        """For a person."""
        if not self.differences:
            return [f"{self.model} {self.version} is reproduced: same data ({self.fingerprint[:12]}), same metrics"]
        told = [f"  {name}: {then} then, {now} now" for name, (then, now) in self.differences.items()]
        return [f"{self.model} {self.version} does not come out the same:", *told]


def reproduce(model: str, version: str, configured: Settings, progress: Progress) -> Reproduced:
    """Train with the manifest's query and instant; raises TrainingError for a version without them."""
    address = clickhouse_address(configured)
    clickhouse = ClickHouse(address)
    try:
        folder = find_folder(model, clickhouse)
    finally:
        clickhouse.close()
    registry = Registry.open(configured.registry_url)
    digest = registry.digest(folder.name, version)
    manifest = Manifest.read(registry.fetch_bundle(folder.name, version, digest, configured.bundle_cache))
    asked = manifest.training.get("query", {})
    if "as_of" not in asked:
        raise TrainingError(f"the manifest of {folder.name} {version} does not say from which data it was made")
    wanted = query(
        since=asked["since"], until=asked["until"], evaluate_until=asked["evaluate_until"], evaluation_days=1
    )
    as_of: datetime = read(asked["as_of"])
    run = app.Run(folder=folder, asked=wanted, as_of=as_of)
    draft = app.drafted(run, rows=ClickHouseRows(address), progress=progress)
    revisions = [manifest.code_revision, code_revision(folder.path)]
    return Reproduced(
        model=folder.name,
        version=version,
        fingerprint=draft.training["data_fingerprint"],
        differences=differences(manifest, draft.training, draft.metrics, present(), revisions),
    )


def differences(
    then: Manifest, training: Any, metrics: Any, libraries: dict[str, str], revisions: list[str]
) -> dict[str, list[Any]]:
    """What is not the same; a cause (code, libraries) is told only beside an effect."""
    found = {
        name: [then.training.get(name), training[name]] for name in SAME if then.training.get(name) != training[name]
    }
    for name, value in then.metrics.items():
        if not _equal(value, metrics.get(name)):
            found[name] = [value, metrics.get(name)]
    if found:
        if revisions[0] != revisions[1]:
            found["code_revision"] = revisions
        changed = {
            name: [old, libraries.get(name)] for name, old in then.libraries.items() if old != libraries.get(name)
        }
        found |= {f"library {name}": pair for name, pair in changed.items()}
    return found


def _equal(then: Any, now: Any) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        return math.isclose(then, now, rel_tol=1e-12, abs_tol=1e-15)
    if isinstance(then, dict) and isinstance(now, dict):
        return then.keys() == now.keys() and all(_equal(then[key], now[key]) for key in then)
    if isinstance(then, list) and isinstance(now, list | tuple):
        return len(then) == len(now) and all(map(_equal, then, now))
    return bool(then == now)
