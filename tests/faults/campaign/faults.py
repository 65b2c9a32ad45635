"""All faults, family by family."""

import importlib
import importlib.util

from tests.faults.campaign.fault import Fault

FAMILIES = (
    "scorer",
    "kafka",
    "network",
    "clickhouse",
    "sink",
    "messages",
    "schemas",
    "disk",
    "releases",
    "replay",
    "load",
    "soak",
    "mixed",
)


def all_faults() -> tuple[Fault, ...]:
    """Every fault of every family that there is; names are unique."""
    found: list[Fault] = []
    for family in FAMILIES:
        module = f"tests.faults.campaign.{family}"
        if importlib.util.find_spec(module):
            found += importlib.import_module(module).FAULTS
    names = [fault.name for fault in found]
    assert len(set(names)) == len(names), "two faults of one name"
    return tuple(found)
