"""What one check found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it is, and, where it failed, what to do."""

    name: str
    state: State
    said: str
    advice: str = ""


def ok(name: str, said: str) -> Finding:
    """All is well."""
    return Finding(name=name, state="ok", said=said)


def failed(name: str, said: str, advice: str) -> Finding:
    """Something is to be done."""
    return Finding(name=name, state="failed", said=said, advice=advice)


def skipped(name: str, said: str) -> Finding:
    """Not looked at, and why."""
    return Finding(name=name, state="skipped", said=said)
