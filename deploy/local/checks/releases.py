"""Whether what is released can be had, and whether the workers that tried it serve it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.checks.finding import Finding, failed, ok, skipped
from headrace import topics
from headrace.errors import HeadraceError
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import read_to_end
from headrace.ledger.approvals import approvals
from headrace.registry import Registry
from headrace.release import Link, TrustedKeys
from headrace.settings import Settings

OUTCOMES = ("release-loaded", "release-not-loaded")


def releases(address: KafkaAddress, settings: Settings, models: Sequence[str]) -> list[Finding]:
    """One finding a model, about its newest release."""
    links = approvals(address, TrustedKeys.read(settings.trusted_keys_folder), frozenset(models))
    heads = {link.release.model: link for link in links.values()}  # of each model the last
    told = _outcomes(address)
    return [_release(model, heads.get(model), told, settings) for model in models]


def _release(
    model: str, head: Link | None, told: Mapping[tuple[str, str], Mapping[str, Any]], settings: Settings
) -> Finding:
    name = f"release of {model}"
    if head is None:
        return skipped(name, "none that the trusted keys vouch for")
    faults = [*_missing(head, settings.registry_url), *_refusals(head, told)]
    if faults:
        advice = "what serves goes on serving; mend what is named, or release another version"
        return failed(name, f"number {head.release.sequence}, {head.short}: {'; '.join(faults)}", advice)
    return ok(name, f"number {head.release.sequence}, {head.short}: {head.release.champion.version}")


def _missing(head: Link, url: str) -> Iterator[str]:
    """Versions that a worker on a new machine could not fetch."""
    if "://" not in url and not Path(url).is_dir():
        yield f"the registry {url} is not there"
        return
    for variant in head.release.variants:
        try:
            if Registry.open(url).digest(head.release.model, variant.version) != variant.digest:
                yield f"{variant.version} in the registry is not the bundle that was approved"
        except HeadraceError as error:
            yield str(error)


def _refusals(head: Link, told: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[str]:
    """Workers whose last word on the release is that they could not load it."""
    for (worker, release), event in sorted(told.items()):
        if release == head.id and event["event"] == "release-not-loaded":
            yield f"{worker} does not serve it: {event.get('reason')}: {event.get('detail')}"


def _outcomes(address: KafkaAddress) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What each worker said last about each release."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for messages in read_to_end(address, topics.OPERATIONS):
        for message in messages:
            event = _event(message.value() or b"")
            if event.get("event") in OUTCOMES:
                found[str(event.get("worker")), str(event.get("release"))] = event
    return found


def _event(value: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(value)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
