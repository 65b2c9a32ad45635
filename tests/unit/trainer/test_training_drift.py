"""The population stability index, against its formula written out."""

import math
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from headrace.features import FeatureSet
from trainer.core.drift import drift, stability
from trainer.core.reference import MOST_CATEGORIES, reference

FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "name": "Features",
        "fields": [
            {"name": "size", "type": ["null", "double"]},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "colour", "type": ["null", "string"]},
        ],
    }
)
DAY = date(2026, 1, 1)


def rows(size: list[float | None], colour: list[str | None], first: date = DAY) -> pa.Table:
    return pa.table(
        {
            "size": pa.array(size, pa.float64()),
            "day": pa.array([first + timedelta(days=i % 10) for i in range(len(size))], pa.date32()),
            "colour": pa.array(colour, pa.string()),
        }
    )


def index(before: list[float], after: list[float]) -> float:
    """Sum of (p - q) ln(p / q), by hand; no share below one in ten thousand."""
    told = 0.0
    for b, a in zip(before, after, strict=True):
        p, q = max(b / sum(before), 1e-4), max(a / sum(after), 1e-4)
        told += (p - q) * math.log(p / q)
    return told


def found(before: pa.Table, after: pa.Table) -> dict[str, float]:
    return drift(FEATURES, reference(FEATURES, before, np.empty(0), task="regression"), after)


def test_rows_like_those_of_training_have_not_drifted() -> None:
    """Also where every value lies on an edge of the bins, as with few different ones."""
    for values in (50, 2):
        same = rows([float(i % values) for i in range(500)], ["red", "blue"] * 250)
        assert found(same, same) == {"size": 0.0, "day": 0.0, "colour": 0.0}


def test_numbers_are_counted_in_the_bins_of_training_and_null_is_one() -> None:
    before = rows([float(i) for i in range(90)] + [None] * 10, ["red"] * 100)
    moved = rows([100.0 + i for i in range(60)] + [None] * 40, ["red"] * 100)
    # Nine deciles make ten bins of nine rows; all that moved lies in the last.
    assert found(before, moved)["size"] == pytest.approx(
        index([9.0] * 10 + [10.0], [0.0] * 9 + [60.0, 40.0]), rel=1e-12
    )


def test_categories_are_counted_by_name_with_the_unseen_together() -> None:
    before = rows([1.0] * 100, ["red"] * 60 + ["blue"] * 30 + [None] * 10)
    after = rows([1.0] * 100, ["red"] * 20 + ["blue"] * 30 + ["green"] * 25 + ["grey"] * 25)
    assert found(before, after)["colour"] == pytest.approx(index([60, 30, 0, 10], [20, 30, 50, 0]), rel=1e-12)


def test_rare_categories_of_training_are_others_and_no_drift() -> None:
    many = [f"c{i:04}" for i in range(MOST_CATEGORIES + 100)]
    same = rows([1.0] * len(many), list(many))
    assert found(same, same)["colour"] == 0.0


def test_dates_move_as_numbers_do_and_the_farthest_comes_first() -> None:
    before = rows([float(i % 10) for i in range(200)], ["red"] * 200)
    after = rows([float(i % 10) for i in range(200)], ["red"] * 199 + ["blue"], first=DAY + timedelta(days=30))
    drifted = found(before, after)
    assert list(drifted) == ["day", "colour", "size"]
    assert drifted["day"] > 1 and 0 < drifted["colour"] < 0.1 and drifted["size"] == 0


def test_a_feature_that_training_did_not_have_is_left_out() -> None:
    table = rows([1.0] * 10, ["red"] * 10)
    known = reference(FEATURES, table, np.empty(0), task="regression")
    del known["features"]["colour"]
    assert set(drift(FEATURES, known, table)) == {"size", "day"}


def test_no_rows_at_all_are_no_division_by_zero() -> None:
    assert math.isfinite(stability(np.array([5.0, 5.0]), np.zeros(2)))
