"""Numbers and text as they lie in memory arrive as what they are, whatever the column's type is."""

from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest

from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.clickhouse.coded import Coded
from headrace.clickhouse.errors import ClickHouseRefused

NUMBERS = [("Float64", "f8"), ("Float32", "f4"), ("Int32", "i4"), ("Int64", "i8"), ("Bool", "?")]
FEW, FEW_OR_NONE = "LowCardinality(String)", "LowCardinality(Nullable(String))"


@pytest.fixture
def client(clickhouse: tuple[str, int]) -> Iterator[ClickHouse]:
    host, port = clickhouse
    made = ClickHouse(ClickHouseAddress(host=host, port=port))
    yield made
    made.close()


def stored(client: ClickHouse, kind: str, values: object) -> list[object]:
    """What a new table with one column of this type holds after an insert."""
    table = f"memory_{uuid4().hex}"
    client.run(f"CREATE TABLE {table} (at Int32, v {kind}) ENGINE = MergeTree ORDER BY at", doing="creating")
    client.insert(table, {"at": list(range(len(values))), "v": values})  # type: ignore[arg-type,dict-item]
    return [value for (value,) in client.rows(f"SELECT v FROM {table} ORDER BY at")]


@pytest.mark.parametrize(("kind", "dtype"), NUMBERS)
def test_numbers_arrive_from_memory_as_they_were(client: ClickHouse, kind: str, dtype: str) -> None:
    values = np.array([0, 1, -1, 2**31 - 1 if dtype != "f4" else 0.5, -7], dtype)
    assert stored(client, kind, memoryview(values)) == values.tolist()


@pytest.mark.parametrize(("kind", "dtype"), NUMBERS)
def test_none_of_them_is_null_in_a_column_that_may_have_nulls(client: ClickHouse, kind: str, dtype: str) -> None:
    values = np.array([0, 3, -4], dtype)
    assert stored(client, f"Nullable({kind})", memoryview(values)) == values.tolist()


def test_numbers_of_another_width_arrive_as_the_same_numbers(client: ClickHouse) -> None:
    assert stored(client, "Int32", memoryview(np.array([5, -6, 7], np.int64))) == [5, -6, 7]
    assert stored(client, "Float64", memoryview(np.array([0.5, -2], np.float32))) == [0.5, -2.0]


def test_numbers_of_another_kind_are_refused_rather_than_misread(client: ClickHouse) -> None:
    """8 bytes of a double would also be 8 bytes of an integer."""
    with pytest.raises(ClickHouseRefused, match="required argument is not an integer"):
        stored(client, "Int64", memoryview(np.array([0.5, 1.5])))


@pytest.mark.parametrize("kind", ["DateTime64(3, 'UTC')", "DateTime64(6, 'UTC')", "Nullable(DateTime64(3, 'UTC'))"])
def test_instants_arrive_from_memory_as_their_ticks_do_from_a_list(client: ClickHouse, kind: str) -> None:
    ticks = np.array([0, 1, 1_700_000_000_123, -86_400_000], np.int64)
    arrived = stored(client, kind, memoryview(ticks))
    assert arrived == stored(client, kind, ticks.tolist()) and len(set(arrived)) == 4


@pytest.mark.parametrize("kind", [FEW, FEW_OR_NONE, "String", "Nullable(String)"])
def test_text_of_few_values_arrives_whatever_the_column_is(client: ClickHouse, kind: str) -> None:
    text = ["b", "a", "", "b", "Zürich", "a"]
    assert stored(client, kind, Coded.of(pa.array(text))) == text


@pytest.mark.parametrize("kind", [FEW_OR_NONE, "Nullable(String)"])
@pytest.mark.parametrize("text", [["b", None, "a", None, "b", ""], [None, None], ["a", "b"]])
def test_null_arrives_as_null_beside_few_values(client: ClickHouse, kind: str, text: list[str | None]) -> None:
    """Seen to fail with codes that leave none free for null."""
    assert stored(client, kind, Coded.of(pa.array(text, pa.string()))) == text


@pytest.mark.parametrize("different", [255, 256, 257, 70_000])
@pytest.mark.parametrize("kind", [FEW, FEW_OR_NONE])
def test_values_that_are_not_few_at_all_arrive_too(client: ClickHouse, kind: str, different: int) -> None:
    """Codes are 1, 2 or 4 bytes wide. Seen to fail with 1 byte for all."""
    text = [f"v{number}" for number in range(different)] * 2
    assert stored(client, kind, Coded.of(pa.array(text))) == text


def test_rows_repeated_are_those_rows_of_the_same_values() -> None:
    column = Coded.of(pa.chunked_array([["x", "y"], ["x"]])).repeated([2, 0, 1])
    assert list(column) == ["x", "x", "x"] and column[2] == "x" and len(column) == 3
    assert list(Coded.of(pa.array([], pa.string()))) == []


def test_lists_with_nulls_arrive_as_before(client: ClickHouse) -> None:
    assert stored(client, "Nullable(Float64)", [1.5, None, 2.5]) == [1.5, None, 2.5]
    assert stored(client, "Float64", [1.5, 2.5]) == [1.5, 2.5]


def test_what_was_inserted_is_left_as_it_was(client: ClickHouse) -> None:
    """Whoever inserts again inserts the same: the driver itself writes values over nulls."""
    values = [1.5, None, 2.5]
    stored(client, "Nullable(Float64)", values)
    assert values == [1.5, None, 2.5]


def test_an_insert_of_no_rows_adds_none(client: ClickHouse) -> None:
    assert stored(client, "Float64", []) == []
