"""The release standard: what a version must show before it may serve; written by the operator, checked each time.

The file is TOML. What it does not name is not asked for:

    minimum_rows = 10000            # labelled rows that it was trained on
    minimum_labels = 2000           # labelled rows that it was measured on
    proposer_approves = false       # whoever proposed a version may not approve it
    one_row_ms = 20.0               # time of one row's score, at most

    [floor]                         # a measure's 95 % interval must lie above (what is better when high) …
    auc = 0.80
    [ceiling]                       # … or below (what is better when low; calibration and bias by their size)
    log_loss = 0.45

    [against]                       # how much worse than the champion, at the far end of the paired 95 % interval
    auc = 0.002

    [slices]                        # the same within each slice of the report that has so many rows
    minimum_rows = 500
    auc = 0.03

    [[freeze]]                      # no releases in this time
    from = 2026-12-20T00:00:00Z
    until = 2027-01-07T00:00:00Z
    reason = "year end"

    [models.fraud]                  # all of the above, for one model; takes the place of what stands above it
    minimum_rows = 500
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deploy.desk.errors import StandardUnreadable

BETTER_HIGH = ("auc", "precision", "recall")
BETTER_LOW = ("log_loss", "brier", "false_positive_rate", "mae", "rmse")
BETTER_NEAR_ZERO = ("calibration", "bias")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Freeze(_Table):
    """A time without releases."""

    begins: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    reason: str


class Standard(_Table):
    """One model's standard."""

    minimum_rows: int = 0
    minimum_labels: int = 0
    proposer_approves: bool = True
    one_row_ms: float | None = None
    floor: dict[str, float] = {}
    ceiling: dict[str, float] = {}
    against: dict[str, float] = {}
    slices: dict[str, float] = {}
    freeze: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A standard and the digest of the file that it stands in, which the release keeps."""

    standard: Standard
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a version shows: its report and what trying it measured, who proposed it, and who asks when."""

    report: Mapping[str, Any]
    one_row_us: float
    proposer: str | None
    approver: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that was asked for."""

    name: str
    passed: bool
    detail: str


def read(path: Path, model: str) -> Written | None:
    """The standard for a model; None where there is no file. Raises StandardUnreadable with every fault."""
    try:
        raw = path.read_bytes()
        whole = tomllib.loads(raw.decode())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StandardUnreadable(f"{path} cannot be read: {error}") from None
    own = whole.pop("models", {})
    try:
        standard = Standard.model_validate({**whole, **own.get(model, {})})
        for other in own.values():
            Standard.model_validate(other)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise StandardUnreadable(f"{path} cannot be used: {told}") from None
    if strangers := _strangers(standard):
        raise StandardUnreadable(f"{path} cannot be used: {'; '.join(strangers)}")
    return Written(standard=standard, digest=hashlib.sha256(raw).hexdigest())


def check(standard: Standard, shown: Shown) -> list[Point]:
    """Every point that the standard asks for, passed or not; pure."""
    return [
        *_counts(standard, shown),
        *_people(standard, shown),
        *_measures(standard, shown),
        *_others(standard, shown),
    ]


def _counts(standard: Standard, shown: Shown) -> Iterator[Point]:
    training = shown.report["training"]
    for name, wanted, found in (
        ("minimum_rows", standard.minimum_rows, training["rows"]),
        ("minimum_labels", standard.minimum_labels, training["evaluation_rows"]),
    ):
        if wanted:
            yield Point(name=name, passed=found >= wanted, detail=f"{found:,} of at least {wanted:,}")


def _people(standard: Standard, shown: Shown) -> Iterator[Point]:
    if not standard.proposer_approves:
        other = shown.proposer is not None and shown.proposer != shown.approver
        who = f"proposed by {shown.proposer}" if shown.proposer else "proposed by nobody"
        yield Point(name="proposer_approves", passed=other, detail=f"{who}, approved by {shown.approver}")
    for freeze in standard.freeze:
        inside = freeze.begins <= shown.now < freeze.until
        detail = f"{freeze.reason}: {freeze.begins:%Y-%m-%d %H:%M} to {freeze.until:%Y-%m-%d %H:%M %Z}"
        yield Point(name="freeze", passed=not inside, detail=detail)


def _measures(standard: Standard, shown: Shown) -> Iterator[Point]:
    metrics = shown.report["metrics"]
    for name, bound in standard.floor.items():
        low = _far(name, metrics)
        detail = f"at least {low:.4f}, wanted {bound}" if low is not None else "not measured"
        yield Point(name=f"floor.{name}", passed=low is not None and low >= bound, detail=detail)
    for name, bound in standard.ceiling.items():
        high = _far(name, metrics)
        detail = f"at most {high:.4f}, wanted {bound}" if high is not None else "not measured"
        yield Point(name=f"ceiling.{name}", passed=high is not None and high <= bound, detail=detail)


def _others(standard: Standard, shown: Shown) -> Iterator[Point]:
    against = shown.report.get("against")
    for name, most in standard.against.items():
        if against is None:
            yield Point(name=f"against.{name}", passed=True, detail="there is no champion to compare with")
        else:
            yield _worse(f"against.{name}", name, against["difference"], most)
    limits = {name: most for name, most in standard.slices.items() if name != "minimum_rows"}
    least = standard.slices.get("minimum_rows", 0)
    for part in shown.report.get("slices", ()):
        if part["against"] is not None and part["metrics"]["rows"] >= least:
            for name, most in limits.items():
                where = f"slices.{part['slice']}={part['value']}.{name}"
                yield _worse(where, name, part["against"]["difference"], most)
    if standard.one_row_ms is not None:
        took = shown.one_row_us / 1000
        passed = took <= standard.one_row_ms
        yield Point(name="one_row_ms", passed=passed, detail=f"{took:.2f} of at most {standard.one_row_ms:g}")


def _worse(where: str, name: str, difference: Mapping[str, Any], most: float) -> Point:
    """How much worse the version may be with 95 % confidence; without an interval the difference itself counts."""
    found = difference.get(name)
    if found is None:
        return Point(name=where, passed=False, detail="not measured")
    value, low, high = found
    worst = -(value if low is None else low) if name in BETTER_HIGH else (value if high is None else high)
    if name in BETTER_NEAR_ZERO:
        worst = max(abs(one) for one in found if one is not None)
    return Point(name=where, passed=worst <= most, detail=f"worse by at most {worst:+.4f}, wanted {most:g}")


def _far(name: str, metrics: Mapping[str, Any]) -> float | None:
    """The unfavourable end of a measure's interval."""
    value = metrics.get(name)
    if value is None:
        return None
    low, high = metrics.get("intervals", {}).get(name) or (None, None)
    if name in BETTER_NEAR_ZERO:
        return float(max(abs(one) for one in (value, low, high) if one is not None))
    end = low if name in BETTER_HIGH else high
    return float(value if end is None else end)


def _strangers(standard: Standard) -> list[str]:
    faults = [
        f"floor.{name}: a floor is for {', '.join(BETTER_HIGH)}" for name in standard.floor if name not in BETTER_HIGH
    ]
    low = (*BETTER_LOW, *BETTER_NEAR_ZERO)
    faults += [f"ceiling.{name}: a ceiling is for {', '.join(low)}" for name in standard.ceiling if name not in low]
    known = (*BETTER_HIGH, *low)
    faults += [f"against.{name} is no measure" for name in standard.against if name not in known]
    faults += [f"slices.{name} is no measure" for name in standard.slices if name not in (*known, "minimum_rows")]
    return faults
