"""Files become a model's history; what is wrong with a row is told by its place and stops no other."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.features import FeatureSet
from trainer.errors import ImportFileError
from trainer.importing.checking import Bad, Layout, checked, digests, missing
from trainer.importing.files import Piece, column_names, of_table, pieces

FEATURES = FeatureSet.parse(
    {
        "type": "record",
        "fields": [
            {"name": "amount", "type": "double"},
            {"name": "items", "type": ["null", "int"], "default": None},
            {"name": "night", "type": "boolean", "default": False},
            {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["left", "right"]}},
            {"name": "note", "type": ["null", "string"], "default": None},
        ],
    }
)
HEAD = "event_time,label,amount,items,night,side,note\n"


def layout(task: str = "classification", zone: str = "") -> Layout:
    return Layout(task=task, features=FEATURES, zone=zone, source="f.csv")


def read(tmp_path: Path, text: str | bytes, **asked: Any) -> tuple[list[dict[str, Any]], list[Bad]]:
    file = tmp_path / "f.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    names = column_names(file)
    (piece,) = pieces(file, [name for name in layout().columns if name in names])
    rows, bad = checked(piece, layout(**asked))
    return rows.to_pylist(), bad


def test_a_sound_row_has_its_types_and_what_was_left_out(tmp_path: Path) -> None:
    ((row,), bad) = read(tmp_path, HEAD + "2026-01-02T03:04:05Z,true,1.5,,,left,\n")
    assert bad == []
    assert row.pop("event_time") == row.pop("label_time")
    assert row == {
        "request_id": "f.csv:2",
        "entity": None,
        "label": 1.0,
        "amount": 1.5,
        "items": None,
        "night": False,
        "side": "left",
        "note": None,
        "imported_from": "f.csv",
    }


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("2026-01-02T00:00:00Z,true,x,,,left,", "amount", "'x' is not a number"),
        ("2026-01-02T00:00:00Z,true,nan,,,left,", "amount", "NaN or infinity"),
        ("2026-01-02T00:00:00Z,true,,,,left,", "amount", "it is empty"),
        ("2026-01-02T00:00:00Z,true,1,9999999999,,left,", "items", "'9999999999' is not a number"),
        ("2026-01-02T00:00:00Z,true,1,,maybe,left,", "night", "'maybe' is not true or false"),
        ("2026-01-02T00:00:00Z,true,1,,,up,", "side", "'up' is no symbol"),
        ("2026-01-02T00:00:00Z,2,1,,,left,", "label", "'2' is not true or false"),
        ("2026-01-02T00:00:00Z,,1,,,left,", "label", "it is empty"),
        ("2026-01-02,true,1,,,left,", "event_time", "has no time zone"),
        ("yesterday,true,1,,,left,", "event_time", "is not an instant"),
        ("2026-01-02T00:00:00Z,true,1,,left,", "", "6 values where the heading names 7"),
    ],
)
def test_a_bad_row_is_told_by_line_and_column_and_its_neighbours_stay(
    tmp_path: Path, line: str, column: str, reason: str
) -> None:
    good = "2026-01-01T00:00:00Z,false,1,2,true,right,x\n"
    rows, (bad,) = read(tmp_path, HEAD + good + line + "\n" + good)
    assert [row["request_id"] for row in rows] == ["f.csv:2", "f.csv:4"]
    assert (bad.row, bad.column) == (3, column)
    assert reason in bad.reason


def test_lines_are_counted_past_values_with_line_breaks_and_empty_lines(tmp_path: Path) -> None:
    good = '2026-01-01T00:00:00Z,false,1,2,true,right,"two\nlines"\n'
    rows, (bad,) = read(tmp_path, HEAD + good + "\n" + "x" + good)
    assert rows[0]["note"] == "two\nlines"
    assert bad.row == 5


def test_text_that_is_not_utf_8_is_a_bad_row(tmp_path: Path) -> None:
    rows, (bad,) = read(tmp_path, HEAD.encode() + b"2026-01-01T00:00:00Z,0,1,,,left,\xff\n")
    assert rows == [] and (bad.column, bad.reason) == ("note", "text that is not UTF-8")


def test_instants_without_a_zone_are_read_in_the_zone_that_is_named(tmp_path: Path) -> None:
    (row,), bad = read(tmp_path, HEAD + "2026-07-01 12:00:00,1,1,,,left,\n", zone="Europe/Dublin")
    assert bad == [] and row["event_time"].isoformat() == "2026-07-01T11:00:00+00:00"


@pytest.mark.parametrize("fraction", ["", ".123", ".123456", ".123456789"])
@pytest.mark.parametrize("zone", ["+00:00", ""])
def test_an_instant_may_be_finer_than_a_millisecond(tmp_path: Path, fraction: str, zone: str) -> None:
    """Python writes six digits, pandas nine; refused, every row of such a file would be bad."""
    line = f"2026-07-01T12:00:00{fraction}{zone},1,1,,,left,\n"
    (row,), bad = read(tmp_path, HEAD + line, zone="UTC")
    assert bad == [] and row["event_time"].microsecond == (123_000 if fraction else 0)


def test_an_instant_of_parquet_may_be_finer_than_a_millisecond() -> None:
    at = pa.array([1_700_000_000_123_456], pa.timestamp("us", tz="UTC"))
    rows = pa.table({"event_time": at, "label": [True], "amount": [1.0], "side": ["left"]})
    found, bad = checked(Piece(rows=rows, numbers=np.array([1])), layout())
    assert bad == [] and found["event_time"].cast(pa.int64()).to_pylist() == [1_700_000_000_123]


def test_a_label_known_before_its_event_is_refused(tmp_path: Path) -> None:
    head = HEAD.replace("label,", "label,label_time,")
    line = "2026-01-02T00:00:00Z,true,2026-01-01T00:00:00Z,1,,,left,\n"
    assert read(tmp_path, head + line)[1][0].reason == "it is before event_time"


def test_a_regression_takes_any_finite_number(tmp_path: Path) -> None:
    line = "2026-01-02T00:00:00Z,{},1,,,left,\n"
    rows, bad = read(tmp_path, HEAD + line.format("-3.5") + line.format("inf"), task="regression")
    assert [row["label"] for row in rows] == [-3.5] and bad[0].column == "label"


def test_parquet_keeps_its_types_and_rows_are_counted_over_pieces(tmp_path: Path) -> None:
    n = 120_000
    at = pa.array(np.arange(n) + 1_700_000_000_000, pa.timestamp("ms", tz="UTC"))
    amounts = pa.array([float("inf") if i == 100_001 else float(i) for i in range(n)])
    table = pa.table({"event_time": at, "label": pa.array([i % 2 == 0 for i in range(n)]), "amount": amounts})
    table = table.append_column("side", pa.array(["left"] * n).dictionary_encode())
    pq.write_table(table, tmp_path / "h.parquet")
    found = [checked(piece, layout()) for piece in pieces(tmp_path / "h.parquet", table.column_names)]
    assert len(found) == 3 and sum(rows.num_rows for rows, _ in found) == n - 1
    assert [bad.row for _, bads in found for bad in bads] == [100_002]


def test_a_tables_rows_without_a_label_are_none_and_the_others_keep_their_numbers() -> None:
    """That is how history() gives rows; categories, nulls and enums are judged as those of a file."""
    at = pa.array(np.arange(5) + 1_700_000_000_000, pa.timestamp("ms", tz="UTC"))
    table = pa.table(
        {
            "extra": [1, 2, 3, 4, 5],
            "event_time": at,
            "label": [True, None, False, True, True],
            "amount": [1.0, float("nan"), float("-inf"), 2.0, None],
            "side": pa.array(["left", "left", "left", "up", "left"]).dictionary_encode(),
        }
    )
    (piece,) = of_table(table, ["event_time", "label", "amount", "side"])
    rows, bad = checked(piece, layout())
    assert rows["amount"].to_pylist() == [1.0] and rows["label"].to_pylist() == [1.0]
    assert [(one.row, one.column) for one in bad] == [(3, "amount"), (4, "side"), (5, "amount")]


def test_an_instant_of_a_table_without_a_zone_is_refused() -> None:
    rows = pa.table({"event_time": pa.array([0], pa.timestamp("ms")), "label": [1], "amount": [1.0], "side": ["left"]})
    (piece,) = of_table(rows, rows.column_names)
    (bad,) = checked(piece, layout())[1]
    assert bad.column == "event_time" and "has no time zone" in bad.reason


def test_missing_columns_are_told_at_once_and_by_their_own_names() -> None:
    assert missing(layout(), ["event_time", "label", "amount", "side"], {}) == []
    (fault,) = missing(layout(), ["amount"], {})
    assert "event_time, label, side" in fault
    assert missing(layout(), ["t", "label", "amount", "side"], {"event_time": "t"}) == []
    faults = missing(layout(), ["event_time", "label", "amount", "side"], {"nosuch": "amount", "items": "nope"})
    assert ["no column nope" in faults[0], "nosuch is no column" in faults[1]] == [True, True]


@pytest.mark.parametrize("name", ["nowhere.csv", "some.xls"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "some.xls").write_text("x")
    with pytest.raises(ImportFileError, match=name):
        column_names(tmp_path / name)


def test_a_damaged_parquet_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ImportFileError, match="cannot be read"):
        column_names(tmp_path / "x.parquet")


def test_a_piece_of_nothing_is_nothing() -> None:
    rows, bad = checked(
        Piece(rows=pa.table({"label": pa.array([], pa.string())}), numbers=np.empty(0, np.int64)), layout()
    )
    assert rows.num_rows == 0 and bad == []


def test_equal_rows_have_equal_digests_and_others_have_not() -> None:
    rows = pa.table({"a": pa.array([1.0, 1.0, None, 1.0]), "b": pa.array(["x", "x", "x", None])})
    first, same, *others = digests(rows)
    assert first == same and len({first, *others}) == 3
    assert digests(rows.select(["b", "a"])) == digests(rows)
