"""What a changed features.avsc means for the table that exists; pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.clickhouse.ddl import described
from headrace.features import RESERVED, Feature, FeatureSet
from headrace.topics import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Columns to add, columns whose symbols grew, and what stands against it."""

    add: tuple[Feature, ...]
    grown: tuple[Feature, ...]
    faults: tuple[str, ...]


def plan(existing: Mapping[str, str], features: FeatureSet) -> Plan:
    """Compare a table's columns (name -> comment) with the features now asked for."""
    held = {name: comment for name, comment in existing.items() if name not in RESERVED}
    add = tuple(feature for feature in features.features if feature.name not in held)
    faults = [
        f"the new feature {feature.name} has no default, so requests of today, which lack it, would be rejected; "
        'make its type ["null", …] with "default": null'
        for feature in add
        if not feature.has_default
    ]
    faults += [
        f"the feature {name} was removed, but released versions and queries read it; put it back, "
        "or begin a model of another name"
        for name in held
        if name not in features.names
    ]
    grown = []
    for feature in features.features:
        if feature.name in held and held[feature.name] != described(feature):
            fault = _difference(json.loads(held[feature.name]), feature)
            faults += [fault] if fault else []
            grown += [] if fault else [feature]
    return Plan(add=add, grown=tuple(grown), faults=tuple(faults))


def _difference(before: Mapping[str, Any], feature: Feature) -> str | None:
    """Why readers of the old column cannot read the new one; None when they can (symbols were only added)."""
    now = json.loads(described(feature))
    if _without_symbols(before) != _without_symbols(now):
        return f"the feature {feature.name} changed from {_told(before)} to {_told(now)}"
    lost = [symbol for symbol in before.get("symbols", ()) if symbol not in feature.symbols]
    return f"the enum {feature.name} lost the symbols {', '.join(lost)}" if lost else None


def _without_symbols(described_: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described_.items() if key != "symbols"}


def _told(described_: Mapping[str, Any]) -> str:
    kind = described_.get("logical") or described_["kind"]
    return f"nullable {kind}" if described_.get("nullable") else str(kind)


def partition_faults(wanted: Sequence[Topic], existing: Mapping[str, int]) -> Sequence[str]:
    """Topics whose number of partitions differs: keys would move, and offsets lose their meaning."""
    return [
        f"the topic {topic.name} has {existing[topic.name]} partitions and should have {topic.partitions}, "
        "which would move its keys"
        for topic in wanted
        if topic.name in existing and not topic.suits(existing[topic.name])
    ]
