"""What history() gives is checked before anything is fitted, and every fault is told at once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from headrace.modelfolder import ModelFolder
from trainer.errors import HistoryError
from trainer.history import checked

Write = Callable[..., ModelFolder]


def table(**columns: object) -> pa.Table:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    good: dict[str, object] = {
        "request_id": ["a", "b"],
        "event_time": [moment, moment],
        "label": [True, None],
        "label_time": [moment, None],
        "size": [1.0, 2.0],
        "age": [None, 3],
        "colour": ["red", "blue"],
        "side": ["left", "right"],
    }
    return pa.table({name: values for name, values in (good | columns).items() if values is not None})


def test_a_good_history_has_the_types_that_serving_decodes_to(write_folder: Write) -> None:
    got = checked(table(extra=[1, 2], colour=pa.array(["red", "blue"]).dictionary_encode()), write_folder())
    assert got.column_names[5:] == ["size", "age", "colour", "side"]
    assert [got.schema.field(name).type for name in ("age", "colour")] == [pa.int32(), pa.string()]
    assert got["entity"].null_count == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"size": None}, "size is missing"),
        ({"size": ["one", "two"]}, "size is string and cannot be read as double"),
        ({"size": [1.0, float("nan")]}, "size has 1 NaN or infinite values"),
        ({"size": [1.0, float("-inf")]}, "size has 1 NaN or infinite values"),
        ({"colour": pa.array(["red", None])}, "colour has 1 nulls and is not nullable"),
        ({"side": ["left", "middle"]}, r"side has values that are no symbols of its enum: \['middle'\]"),
        ({"age": [1.5, 2.0]}, "age is double and cannot be read as int32"),
        ({"event_time": [datetime(2024, 1, 1), datetime(2024, 1, 1)]}, "event_time .* has no zone"),
        ({"request_id": pa.array(["a", None])}, "request_id has nulls"),
    ],
)
def test_a_fault_is_named(write_folder: Write, columns: dict[str, object], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        checked(table(**columns), write_folder())


def test_all_faults_are_told_at_once(write_folder: Write) -> None:
    with pytest.raises(HistoryError, match=r"label_time is missing; size has 1 NaN"):
        checked(table(label_time=None, size=[1.0, float("nan")]), write_folder())


def test_something_else_than_a_table_is_refused(write_folder: Write) -> None:
    with pytest.raises(HistoryError, match="gave a list; it must give a pyarrow Table"):
        checked([], write_folder())
