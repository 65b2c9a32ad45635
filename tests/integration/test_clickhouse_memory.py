"""Numbers as they lie in memory arrive as the numbers that they are, whatever the column's type is."""

from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pytest

from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.clickhouse.errors import ClickHouseRefused

NUMBERS = [("Float64", "f8"), ("Float32", "f4"), ("Int32", "i4"), ("Int64", "i8")]


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
