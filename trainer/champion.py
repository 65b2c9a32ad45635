"""The version that serves now, as the releases say, to compare a candidate with."""

import json
from pathlib import Path

from headrace.bundle import load
from headrace.bundle.errors import BundleError
from headrace.bundle.manifest import REFERENCE
from headrace.kafka.clients import KafkaAddress
from headrace.ledger.approvals import head
from headrace.registry import Registry
from headrace.release import TrustedKeys
from trainer.ports import Champion, Progress


def champion(
    model: str, *, kafka: KafkaAddress, trusted: TrustedKeys, registry: Registry, cache: Path, progress: Progress
) -> Champion | None:
    """The champion, verified like a worker's; None before the first release, or with a note where it does not load."""
    link = head(kafka, trusted, model)
    if link is None:
        return None
    serving = link.release.champion
    try:
        folder = registry.fetch_bundle(model, serving.version, serving.digest, cache)
        predictor = load(folder, serving.digest).predictor
        reference = json.loads((folder / REFERENCE).read_text(encoding="utf-8"))
        return Champion(version=serving.version, digest=serving.digest, predictor=predictor, reference=reference)
    except (BundleError, OSError) as error:
        progress.note(f"the champion {serving.version} cannot be loaded here, so nothing is compared with it: {error}")
        return None
