"""The release document: the full state of what serves, never a change to it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.modelfolder import NAME as MODEL_NAME
from headrace.release.errors import ReleaseMalformed

Role = Literal["champion", "challenger", "canary", "shadow"]
Action = Literal["approve", "rollback", "set"]
Scalar = str | int | float | bool | None

WHOLE = 10_000
VERSION = re.compile(r"v[1-9][0-9]{0,8}")
PARAMETER = re.compile(r"[a-z][a-z0-9_.]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One version that serves or shadows; share in basis points (10000 is all)."""

    name: str
    version: str
    digest: str
    share: int = WHOLE
    role: Role = "champion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What serves a model from here on, who decided it and why."""

    model: str
    sequence: int
    predecessor: str
    action: Action
    variants: tuple[Variant, ...]
    parameters: dict[str, Scalar] = field(default_factory=dict)
    actor: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    issued_at: str
    key_id: str

    @property
    def champion(self) -> Variant:
        """The variant that serves what no other takes."""
        return next(variant for variant in self.variants if variant.role == "champion")

    @property
    def serving(self) -> tuple[Variant, ...]:
        """The variants that answer requests, champion last, so that a growing share keeps who already had it."""
        answering = [variant for variant in self.variants if variant.role != "shadow"]
        return tuple(sorted(answering, key=lambda variant: variant.role == "champion"))

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes."""
        value = self.parameters.get("threshold")
        return float(value) if isinstance(value, int | float) else None


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value: keys sorted, no spaces, ASCII, floats as Python's repr; no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def check(release: Release) -> None:
    """Raise ReleaseMalformed unless the document describes a state that can serve."""
    if not MODEL_NAME.fullmatch(release.model):
        raise ReleaseMalformed(f"{release.model!r} cannot be a model's name")
    if release.sequence < 0 or (release.sequence == 0) != (release.predecessor == ""):
        raise ReleaseMalformed("the first release has sequence 0 and no predecessor, every other one has both")
    if release.predecessor and not SHA256.fullmatch(release.predecessor):
        raise ReleaseMalformed("the predecessor is not a sha256")
    if not release.reason.strip() or not release.actor.strip():
        raise ReleaseMalformed("a release needs an actor and a reason")
    _check_variants(release)
    if bad := [name for name in release.parameters if not PARAMETER.fullmatch(name)]:
        raise ReleaseMalformed(f"{bad[0]!r} cannot be a parameter's name")
    threshold = release.parameters.get("threshold")
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
        raise ReleaseMalformed(f"the threshold {threshold!r} is not a number")


def _check_variants(release: Release) -> None:
    names = [variant.name for variant in release.variants]
    if len(set(names)) != len(names) or not all(names):
        raise ReleaseMalformed("each variant needs a name of its own")
    if sum(variant.role == "champion" for variant in release.variants) != 1:
        raise ReleaseMalformed("a release has exactly one champion")
    for variant in release.variants:
        if not VERSION.fullmatch(variant.version) or not SHA256.fullmatch(variant.digest):
            raise ReleaseMalformed(f"variant {variant.name} does not name a version and the digest of its bundle")
        if not 0 <= variant.share <= WHOLE:
            raise ReleaseMalformed(f"variant {variant.name} has the share {variant.share}; it is 0 to {WHOLE}")
    if sum(variant.share for variant in release.serving) != WHOLE:
        raise ReleaseMalformed(f"the shares of the serving variants must add up to {WHOLE}")
