"""The release standard: each rule lets pass what meets it, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.desk.errors import StandardUnreadable
from deploy.desk.standard import Point, Shown, Standard, check, read

NOW = datetime(2026, 12, 24, 12, tzinfo=UTC)
REPORT: dict[str, Any] = {
    "training": {"rows": 10_000, "evaluation_rows": 2_000},
    "metrics": {
        "auc": 0.85,
        "log_loss": 0.40,
        "calibration": -0.02,
        "recall": None,
        "intervals": {"auc": [0.83, 0.87], "log_loss": [0.38, 0.42], "calibration": [-0.03, -0.01]},
    },
    "against": {"difference": {"auc": [0.01, -0.004, 0.024], "log_loss": [-0.01, None, None], "recall": None}},
    "slices": [
        {
            "slice": "carrier",
            "value": "UA",
            "metrics": {"rows": 900},
            "against": {"difference": {"auc": [-0.02, -0.05, 0.01]}},
        },
        {
            "slice": "carrier",
            "value": "AS",
            "metrics": {"rows": 40},
            "against": {"difference": {"auc": [-0.3, -0.5, -0.1]}},
        },
        {"slice": "carrier", "value": "HA", "metrics": {"rows": 5_000}, "against": None},
    ],
}


def points(
    standard: dict[str, Any],
    *,
    report: dict[str, Any] | None = None,
    proposer: str | None = "ada",
    approver: str = "bob",
    now: datetime = NOW,
    one_row_us: float = 900.0,
) -> list[Point]:
    shown = Shown(report=report or REPORT, one_row_us=one_row_us, proposer=proposer, approver=approver, now=now)
    return check(Standard.model_validate(standard), shown)


def only(standard: dict[str, Any], **shown: Any) -> Point:
    (point,) = points(standard, **shown)
    return point


def test_what_is_not_named_is_not_asked_for() -> None:
    assert points({}) == []


@pytest.mark.parametrize(
    ("standard", "passed"),
    [
        ({"minimum_rows": 10_000}, True),
        ({"minimum_rows": 10_001}, False),
        ({"minimum_labels": 2_000}, True),
        ({"minimum_labels": 2_001}, False),
        ({"one_row_ms": 0.9}, True),
        ({"one_row_ms": 0.89}, False),
        # The lower end of what is better when high, the upper end of what is better when low.
        ({"floor": {"auc": 0.83}}, True),
        ({"floor": {"auc": 0.831}}, False),
        ({"ceiling": {"log_loss": 0.42}}, True),
        ({"ceiling": {"log_loss": 0.419}}, False),
        # Calibration may be off to neither side: its size counts, at the farther end.
        ({"ceiling": {"calibration": 0.03}}, True),
        ({"ceiling": {"calibration": 0.029}}, False),
        # Not measured is not met.
        ({"floor": {"recall": 0.0}}, False),
        ({"ceiling": {"brier": 1.0}}, False),
        # As much worse as it may be with 95 % confidence; without an interval the difference itself.
        ({"against": {"auc": 0.004}}, True),
        ({"against": {"auc": 0.0039}}, False),
        ({"against": {"log_loss": -0.01}}, True),
        ({"against": {"log_loss": -0.011}}, False),
        ({"against": {"recall": 1.0}}, False),
        ({"slices": {"minimum_rows": 500, "auc": 0.05}}, True),
        ({"slices": {"minimum_rows": 500, "auc": 0.049}}, False),
    ],
)
def test_a_point_is_met_at_its_bound_and_not_beyond(standard: dict[str, Any], passed: bool) -> None:
    assert only(standard).passed is passed


def test_only_slices_with_a_champion_and_enough_rows_count() -> None:
    found = {point.name: point.passed for point in points({"slices": {"auc": 0.05}})}
    assert found == {"slices.carrier=UA.auc": True, "slices.carrier=AS.auc": False}
    assert only({"slices": {"minimum_rows": 41, "auc": 0.05}}).name == "slices.carrier=UA.auc"


def test_a_first_version_has_no_champion_to_be_worse_than() -> None:
    point = only({"against": {"auc": 0.0}}, report=REPORT | {"against": None})
    assert point.passed and "no champion" in point.detail


@pytest.mark.parametrize(
    ("proposer", "approver", "passed"), [("ada", "bob", True), ("ada", "ada", False), (None, "bob", False)]
)
def test_who_proposed_does_not_approve(proposer: str | None, approver: str, passed: bool) -> None:
    point = only({"proposer_approves": False}, proposer=proposer, approver=approver)
    assert (point.name, point.passed) == ("proposer_approves", passed)
    assert approver in point.detail
    assert points({"proposer_approves": True}, proposer=proposer, approver=approver) == []


@pytest.mark.parametrize(("hours", "passed"), [(-1, True), (0, False), (47, False), (48, True)])
def test_nothing_is_released_in_a_freeze(hours: int, passed: bool) -> None:
    window = {"from": NOW, "until": NOW + timedelta(hours=48), "reason": "year end"}
    point = only({"freeze": [window]}, now=NOW + timedelta(hours=hours))
    assert point.passed is passed and "year end" in point.detail


def test_a_models_own_table_takes_the_place_of_what_stands_above_it(tmp_path: Path) -> None:
    file = tmp_path / "standard.toml"
    file.write_text("minimum_rows = 10\n[floor]\nauc = 0.8\n[models.fraud]\nminimum_rows = 99\n")
    own, other = read(file, "fraud"), read(file, "flights")
    assert own and other and own.digest == other.digest and len(own.digest) == 64
    assert (own.standard.minimum_rows, own.standard.floor) == (99, {"auc": 0.8})
    assert other.standard.minimum_rows == 10


def test_without_a_file_nothing_is_asked(tmp_path: Path) -> None:
    assert read(tmp_path / "none.toml", "fraud") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("minimum_row = 3", "minimum_row"),
        ("minimum_rows = 'many'", "minimum_rows"),
        ("[floor]\nlog_loss = 0.4", "floor.log_loss: a floor is for auc"),
        ("[ceiling]\nauc = 0.9", "ceiling.auc: a ceiling is for"),
        ("[against]\nluck = 0.1", "against.luck is no measure"),
        ("[slices]\nluck = 0.1", "slices.luck is no measure"),
        ("[[freeze]]\nfrom = 2026-01-01T00:00:00\nuntil = 2026-01-02T00:00:00Z\nreason = 'x'", "freeze.0.from"),
        ("[models.other]\nminimum_row = 3", "minimum_row"),
        ("minimum_rows =", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_asks_nothing_silently(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "standard.toml"
    file.write_text(text)
    with pytest.raises(StandardUnreadable, match=said):
        read(file, "fraud")


def test_the_flights_standard_can_be_used() -> None:
    written = read(Path(__file__).parents[3] / "examples" / "flights" / "release-standard.toml", "flights")
    assert written and written.standard.floor and written.standard.against
