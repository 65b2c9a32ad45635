"""Releases as text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from deploy.desk.checked import Checked
from headrace.candidate import Candidate
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


def as_points(checked: Checked) -> Table:
    """Every point of the standard, met or not."""
    who = f"{checked.manifest.model} {checked.manifest.version}"
    if not checked.standard:
        return Table(title=f"{who} holds; there is no release standard to meet")
    verdict = "does not meet" if checked.unmet else "meets"
    made = Table("", "point", "detail", title=f"{who} {verdict} the release standard", title_justify="left")
    for point in checked.points:
        made.add_row("[green]met[/]" if point.passed else "[red]not met[/]", point.name, point.detail)
    return made


def candidate_row(candidate: Candidate, links: Sequence[Link]) -> dict[str, Any]:
    """A candidate and what became of it."""
    proposal, rejection = candidate.proposal, candidate.rejection
    released = next((link for link in links if link.release.champion.digest == proposal.digest), None)
    state = "rejected" if rejection else "released" if released else "open"
    decided = rejection.actor if rejection else released.release.actor if released else None
    why = rejection.reason if rejection else released.release.reason if released else None
    told = {"version": proposal.version, "digest": proposal.digest, "proposer": proposal.actor, "at": proposal.at}
    return told | {"state": state, "decided_by": decided, "reason": why, "metrics": proposal.metrics}


def as_candidates(model: str, rows: Sequence[dict[str, Any]]) -> Table:
    """One line a candidate."""
    made = Table("version", "proposed by", "at", "state", "decided by", "reason", title=f"candidates of {model}")
    for row in rows:
        cells = ("version", "proposer", "at", "state", "decided_by", "reason")
        made.add_row(*(str(row[cell] or "") for cell in cells))
    return made


def _variants(link: Link) -> str:
    variants = link.release.variants
    if len(variants) == 1:
        return variants[0].version
    return ", ".join(f"{variant.version} {variant.role} {variant.share / 100:g} %" for variant in variants)
