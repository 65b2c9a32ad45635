"""The matrix that a model sees."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.features import FeatureSet
from headrace.predict import Encoder, EncodingError
from headrace.predict.encoder import FEW_ROWS

SCHEMA = {
    "type": "record",
    "name": "F",
    "fields": [
        {"name": "n", "type": ["null", "double"]},
        {"name": "i", "type": ["null", "long"]},
        {"name": "b", "type": ["null", "boolean"]},
        {"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "s", "type": ["null", "string"]},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["Z", "A"]}},
    ],
}
FEATURES = FeatureSet.parse(SCHEMA)


def columns(n: int = 2) -> dict[str, pa.Array]:
    return {
        "n": pa.array([1.5, None] * n, pa.float64()),
        "i": pa.array([7, None] * n, pa.int64()),
        "b": pa.array([True, None] * n, pa.bool_()),
        "t": pa.array([1000, 2000] * n, pa.timestamp("ms", "UTC")),
        "s": pa.array(["b", "a"] * n),
        "e": pa.array(["A", "Z"] * n),
    }


def test_numbers_stay_and_null_becomes_nan() -> None:
    matrix = Encoder.fit(FEATURES, columns()).matrix(columns())
    assert matrix[0, :4].tolist() == [1.5, 7.0, 1.0, 1000.0]
    assert np.isnan(matrix[1, :3]).all() and matrix[1, 3] == 2000.0
    assert matrix.flags.c_contiguous and matrix.dtype == np.float64


def test_strings_get_codes_in_sorted_order_and_enums_in_the_order_of_their_symbols() -> None:
    encoder = Encoder.fit(FEATURES, columns())
    assert encoder.vocabularies == {"s": ("a", "b"), "e": ("Z", "A")}
    assert encoder.matrix(columns())[:2, 4:].tolist() == [[1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("rows", [1, FEW_ROWS, FEW_ROWS + 1, 1000])
def test_unseen_and_null_categories_are_minus_one_in_any_number_of_rows(rows: int) -> None:
    encoder = Encoder(["s"], {"s": ["a"]})
    matrix = encoder.matrix({"s": pa.array((["a", "new", None] * rows)[:rows], pa.string())})
    assert matrix[:, 0].tolist() == ([0.0, -1.0, -1.0] * rows)[:rows]


@given(st.lists(st.none() | st.text(max_size=3), min_size=FEW_ROWS + 1, max_size=FEW_ROWS + 60))
def test_few_rows_and_many_rows_are_encoded_alike(values: list[str | None]) -> None:
    encoder = Encoder(["s"], {"s": sorted({v for v in values[::2] if v is not None})})
    column = pa.array(values, pa.string())
    alone = [encoder.matrix({"s": column.slice(i, 1)})[0, 0] for i in range(len(values))]
    assert encoder.matrix({"s": column})[:, 0].tolist() == alone


def test_an_encoder_survives_its_dictionary() -> None:
    encoder = Encoder.fit(FEATURES, columns())
    again = Encoder.from_dict(encoder.to_dict())
    assert np.array_equal(again.matrix(columns()), encoder.matrix(columns()), equal_nan=True)


def test_slices_and_chunked_columns_are_read_where_they_begin() -> None:
    encoder = Encoder.fit(FEATURES, columns())
    sliced = {name: column.slice(1, 2) for name, column in columns().items()}
    chunked = {name: pa.chunked_array([column.slice(0, 1), column.slice(1)]) for name, column in sliced.items()}
    expected = encoder.matrix(columns())[1:3]
    assert np.array_equal(encoder.matrix(sliced), expected, equal_nan=True)
    assert np.array_equal(encoder.matrix(chunked), expected, equal_nan=True)


def test_no_rows_give_an_empty_matrix() -> None:
    empty = {name: column.slice(0, 0) for name, column in columns().items()}
    assert Encoder.fit(FEATURES, columns()).matrix(empty).shape == (0, 6)


def test_a_missing_or_short_or_mistyped_column_is_named() -> None:
    encoder = Encoder.fit(FEATURES, columns())
    with pytest.raises(EncodingError, match="feature i is missing"):
        encoder.matrix({name: c for name, c in columns().items() if name != "i"})
    with pytest.raises(EncodingError, match="feature b has 1 values"):
        encoder.matrix({**columns(), "b": pa.array([True])})
    with pytest.raises(EncodingError, match="feature n is a number"):
        encoder.matrix({**columns(), "n": pa.array(["x"] * 4)})


def test_infinity_is_not_hidden() -> None:
    assert math.isinf(Encoder(["n"], {}).matrix({"n": pa.array([math.inf])})[0, 0])
