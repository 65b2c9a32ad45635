"""Releases as text and as JSON."""

from dataclasses import asdict
from typing import Any

from headrace.release import Link


def as_json(link: Link) -> dict[str, Any]:
    """All of a release."""
    return {"id": link.id, "short": link.short, **asdict(link.release)}


def as_line(link: Link) -> str:
    """One sentence."""
    release = link.release
    return f"release {link.short}: {release.model} {_variants(link)} by {release.actor} (number {release.sequence})"


def as_log(link: Link) -> str:
    """A release as git log would print a commit."""
    release = link.release
    rows = [
        f"release {link.id}",
        f"Action:  {release.action} {_variants(link)}",
        f"Actor:   {release.actor} (key {release.key_id})",
        f"Date:    {release.issued_at}",
    ]
    if release.parameters:
        rows.append("Values:  " + ", ".join(f"{name} = {value}" for name, value in sorted(release.parameters.items())))
    return "\n".join([*rows, "", *(f"    {line}" for line in release.reason.splitlines()), ""])


def _variants(link: Link) -> str:
    variants = link.release.variants
    if len(variants) == 1:
        return variants[0].version
    return ", ".join(f"{variant.version} {variant.role} {variant.share / 100:g} %" for variant in variants)
