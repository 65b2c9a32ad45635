"""Fingerprint, reference distributions and golden rows of a training set."""

import json

import numpy as np
import pyarrow as pa
import pytest

from headrace.features import FeatureSet
from trainer.core.fingerprint import fingerprint
from trainer.core.golden import UNSEEN, golden_rows
from trainer.core.reference import reference

FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "name": "Features",
        "fields": [
            {"name": "size", "type": ["null", "double"]},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "flag", "type": "boolean"},
            {"name": "colour", "type": "string"},
            {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["left", "right"]}},
        ],
    }
)


def rows(n: int = 300) -> pa.Table:
    return pa.table(
        {
            "size": pa.array([None if i % 10 == 0 else float(i) for i in range(n)], pa.float64()),
            "day": pa.array(np.arange(n, dtype=np.int32), pa.date32()),
            "flag": [i % 3 == 0 for i in range(n)],
            "colour": ["ab" if i % 2 else "a" for i in range(n)],
            "side": ["left"] * n,
        }
    )


def test_the_fingerprint_does_not_see_chunks() -> None:
    table = rows()
    chunked = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    assert fingerprint(chunked) == fingerprint(table) == fingerprint(rows())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array([None, 1.0]), pa.array([0.0, 1.0])),
        (pa.array([""]), pa.array([None], pa.string())),
        (pa.array([1, 2]), pa.array([2, 1])),
        (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
        (pa.array([True, False]), pa.array([True, None])),
    ],
)
def test_the_fingerprint_sees_every_difference(first: pa.Array, second: pa.Array) -> None:
    assert fingerprint(pa.table({"x": first})) != fingerprint(pa.table({"x": second}))


def test_the_fingerprint_is_the_same_tomorrow() -> None:
    table = pa.table({"x": pa.array([1.5, None]), "y": pa.array(["é", None])})
    assert fingerprint(table) == "9029c600d34d567c2006960fd058aa8a5eee6e8ce926d6926697d4f6b8866c63"


def test_reference_counts_add_up_to_the_rows() -> None:
    described = reference(FEATURES, rows(), np.linspace(0, 1, 300), task="classification")
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    for name in ("size", "day", "flag"):
        got = described["features"][name]
        assert len(got["counts"]) == len(got["edges"]) + 1
        assert sum(got["counts"]) + got["nulls"] == 300
    assert described["features"]["size"]["nulls"] == 30
    assert described["features"]["colour"]["counts"] == {"a": 150, "ab": 150}
    assert sum(described["scores"]["counts"]) == 300
    assert len(described["scores"]["counts"]) == 20


def test_bins_hold_their_upper_edge() -> None:
    table = rows().set_column(0, "size", pa.array([1.0] * 200 + [2.0] * 100))
    got = reference(FEATURES, table, np.empty(0), task="regression")["features"]["size"]
    assert got["edges"] == [1.0, 2.0]
    assert got["counts"] == [200, 100, 0]


def test_golden_rows_hold_real_ones_nulls_and_unseen_categories() -> None:
    golden = golden_rows(FEATURES, rows())
    assert golden.num_rows == 64
    assert golden.slice(0, 1).equals(rows().slice(0, 1))
    assert golden["day"].to_pylist()[47] == rows()["day"].to_pylist()[-1]
    assert golden["size"].slice(48, 8).null_count == 8
    assert golden["colour"].to_pylist()[56:] == [UNSEEN] * 8
    assert set(golden["side"].to_pylist()) == {"left"}
    assert golden.schema.equals(rows().schema)


def test_golden_rows_of_a_tiny_training_set_are_all_of_it_thrice() -> None:
    assert golden_rows(FEATURES, rows(3)).num_rows == 9
