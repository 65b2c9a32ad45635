"""What a column may be for a feature, and what becomes of a value that is not."""

import pyarrow as pa
import pytest

from headrace.batch.fitting import Fitting, faults, required_nulls
from headrace.batch.formats.piece import Columns, Piece
from headrace.features import FeatureSet

FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "name": "F",
        "fields": [
            {"name": "amount", "type": "double"},
            {"name": "count", "type": ["null", "int"]},
            {"name": "night", "type": "boolean"},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
            {"name": "side", "type": {"type": "enum", "name": "S", "symbols": ["left", "right"]}},
        ],
    }
)
SAME = {name: name for name in FEATURES.names}
TEXT = {
    "amount": ["1.5", "1e400", "x", "", "2"],
    "count": ["7", None, "3000000000", "2", "2"],
    "night": ["true", "FALSE", "1", "no", "0"],
    "day": ["2026-01-15", "20468", "2026-13-01", "2026-01-15", "2026-01-15"],
    "at": ["2026-01-15T12:00:00Z", "1768478400000", "2026-01-15 12:00:00", None, "2026-01-15T13:00:00+01:00"],
    "side": ["left", "right", "left", "right", "up"],
}


def fitted(columns: dict[str, pa.Array], **more: dict[int, str]) -> tuple[dict[str, list[object]], dict[int, str]]:
    found = Fitting(FEATURES, SAME).fit(Piece(rows=pa.RecordBatch.from_pydict(columns), **more))
    return {name: column.to_pylist() for name, column in found.columns.items()}, found.reasons


def test_text_becomes_the_features_values_and_each_row_tells_its_first_fault() -> None:
    found, reasons = fitted({name: pa.array(values, pa.string()) for name, values in TEXT.items()})
    assert (found["amount"][0], found["count"][:2], found["night"][:3]) == (1.5, [7, None], [True, False, True])
    assert found["at"][0] == found["at"][1] == found["at"][4]
    assert found["day"][0] == found["day"][1]
    assert reasons == {
        1: "invalid-feature: amount is infinite",
        2: "invalid-feature: amount is 'x', not a number (double)",
        3: "invalid-feature: amount is '', not a number (double)",
        4: "invalid-feature: side is 'up', not one of left, right",
    }


def test_what_was_spoilt_before_keeps_its_reason() -> None:
    columns = {name: pa.nulls(1, pa.string()) for name in FEATURES.names}
    assert fitted(columns, spoilt={0: "malformed: no row"})[1] == {0: "malformed: no row"}


def test_wider_numbers_fit_where_their_values_do() -> None:
    columns = {name: pa.array(values[:2], pa.string()) for name, values in TEXT.items()}
    columns["amount"] = pa.array([2**60, 1], pa.int64())
    columns["count"] = pa.array([3.0, 3.5])
    columns["side"] = pa.array(["left", "right"]).dictionary_encode()
    found, reasons = fitted(columns)
    assert (found["amount"], found["count"], found["side"]) == ([2.0**60, 1.0], [3, None], ["left", "right"])
    assert reasons == {1: "invalid-feature: count is 3.5, not a number (int)"}


@pytest.mark.parametrize(
    ("name", "kind", "fits"),
    [
        ("amount", pa.float32(), True),
        ("amount", pa.decimal128(9, 2), True),
        ("amount", pa.string(), False),
        ("night", pa.int8(), False),
        ("side", pa.dictionary(pa.int8(), pa.large_string()), True),
        ("side", pa.int32(), False),
        ("at", pa.timestamp("ns", tz="Europe/Dublin"), True),
        ("at", pa.timestamp("ms"), False),
        ("day", pa.date64(), True),
        ("count", pa.null(), True),
    ],
)
def test_a_columns_type_is_judged_before_anything_starts(name: str, kind: pa.DataType, fits: bool) -> None:
    schema = pa.schema([(one.name, kind if one.name == name else pa.null()) for one in FEATURES.features])
    told = faults(Columns(schema=schema, typed=True, row_bytes=8), FEATURES, SAME)
    assert (told == []) == fits
    assert fits or told[0].startswith(f"the column {name} is {kind}, but the feature is ")


def test_a_missing_column_is_told_by_the_name_that_was_looked_for() -> None:
    schema = pa.schema([(name, pa.null()) for name in FEATURES.names[1:]])
    (plain,) = faults(Columns(schema=schema, typed=True, row_bytes=8), FEATURES, SAME)
    (named,) = faults(Columns(schema=schema, typed=True, row_bytes=8), FEATURES, SAME | {"amount": "sum"})
    assert plain.startswith("the column amount is missing; --columns NAME=FEATURE")
    assert named == "the column sum is missing (named for the feature amount)"


def test_nulls_that_are_known_of_count_only_where_none_may_be() -> None:
    columns = Columns(
        schema=pa.schema([]), typed=True, row_bytes=8, rows=9, nulls={"amount": 2, "count": 9, "night": 0}
    )
    assert required_nulls(columns, FEATURES, SAME) == {"amount": 2}
