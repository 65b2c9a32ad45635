"""Inputs of every kind: the parts cover each row once, and a part's rows are those of the file, whatever the cut."""

import csv
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import sources
from headrace.batch.formats.known import Formats
from headrace.batch.formats.piece import Format, Piece
from headrace.batch.job import Part, Source
from headrace.batch.planning import Order, Pinned, drafted, planned_parts
from headrace.clickhouse.client import ClickHouseAddress
from headrace.features import FeatureSet


def no_clickhouse() -> ClickHouseAddress:
    raise AssertionError("files need no ClickHouse")


FORMATS = Formats(no_clickhouse)
RECORDS = [
    {"id": i, "text": f'a "quoted", one\nin two lines {i}' if i % 3 == 0 else f"plain {i}", "amount": i / 7}
    for i in range(50)
]


def written(path: Path) -> Path:
    kind = path.suffix
    if kind == ".parquet":
        pq.write_table(pa.Table.from_pylist(RECORDS), path, row_group_size=7)
    elif kind == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["id", "text", "amount"])
            writer.writeheader()
            writer.writerows(RECORDS)
    elif kind == ".jsonl":
        path.write_text("".join(json.dumps(one) + "\n\n" for one in RECORDS))
    else:
        fields = [{"name": n, "type": t} for n, t in (("id", "long"), ("text", "string"), ("amount", "double"))]
        with path.open("wb") as file:
            fastavro.writer(file, {"type": "record", "name": "R", "fields": fields}, RECORDS, sync_interval=100)
    return path


def read(how: Format, source: Source, part: Part, rows: int = 8) -> list[Any]:
    pieces = list(how.pieces(source, part, rows))
    assert all(not piece.spoilt and 0 < piece.rows.num_rows <= rows for piece in pieces)
    return [row for piece in pieces for row in piece.rows.to_pylist()]


@pytest.mark.parametrize("rows", [1, 10, 13, 1000])
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "avro"])
@pytest.mark.parametrize("remote", [False, True])
def test_parts_cover_every_row_once_in_its_order(kind: str, rows: int, remote: bool, tmp_path: Path) -> None:
    path = written(tmp_path / f"input.{kind}")
    name, every = FORMATS.found(f"file://{path}" if remote else str(path))
    how = FORMATS.called(name)
    parts = planned_parts(how, every, rows, strict=False)
    assert [part.number for part in parts] == list(range(len(parts)))
    assert [part.first for part in parts] == [sum(p.rows for p in parts[:i]) for i in range(len(parts))]
    got = [row for part in parts for row in read(how, every[0], part)]
    assert sum(part.rows for part in parts) == len(got) == 50
    assert [int(row["id"]) for row in got] == list(range(50))
    assert [row["text"] for row in got] == [one["text"] for one in RECORDS]
    assert [float(row["amount"]) for row in got] == [one["amount"] for one in RECORDS]


@given(
    st.lists(st.tuples(st.text("ab\n\r\",'é ", max_size=5), st.text('x\n"', max_size=3)), min_size=1, max_size=30),
    st.integers(1, 12),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_csv_is_cut_between_rows_whatever_its_values_hold(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, str]], rows: int, last_newline: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "input.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["a", "b"])
        writer.writerows(values)
    if not last_newline:
        path.write_bytes(path.read_bytes()[:-1])
    name, (source,) = FORMATS.found(str(path))
    how = FORMATS.called(name)
    got = [row for part in planned_parts(how, [source], rows, strict=False) for row in read(how, source, part, 3)]
    assert [(row["a"], row["b"]) for row in got] == values


def spoilt(path: Path) -> Piece:
    name, (source,) = FORMATS.found(str(path))
    how = FORMATS.called(name)
    (part,) = planned_parts(how, [source], 100, strict=False)
    (piece,) = how.pieces(source, part, 100)
    assert piece.rows.num_rows == part.rows
    return piece


def test_what_is_no_row_of_a_csv_is_told_by_its_place_and_its_text(tmp_path: Path) -> None:
    path = tmp_path / "input.csv"
    path.write_bytes(b'\xef\xbb\xbfa,b\n1,2\n1,2,3\n\n,""\nx\n\xff,5\n6,7')
    piece = spoilt(path)
    assert piece.rows.schema.names == ["a", "b"]
    assert piece.rows["a"].to_pylist() == ["1", None, None, None, "\ufffd", "6"]
    assert piece.rows["b"].to_pylist() == ["2", None, "", None, "5", "7"]
    assert piece.spoilt == {
        1: "malformed: 3 values where the heading names 2",
        3: "malformed: 1 values where the heading names 2",
        4: "malformed: text that is not UTF-8",
    }
    assert piece.original == {1: "1,2,3", 3: "x"}


def test_what_is_no_json_object_is_told_by_its_place_and_its_text(tmp_path: Path) -> None:
    path = tmp_path / "input.jsonl"
    path.write_bytes(b'{"a": 1, "b": "x"}\n[1]\n{"a": tru\n{"b": null, "a": [1, {"c": true}]}\n')
    piece = spoilt(path)
    assert piece.rows["a"].to_pylist() == ["1", None, None, '[1,{"c":true}]']
    assert piece.rows["b"].to_pylist() == ["x", None, None, None]
    assert set(piece.spoilt) == {1, 2} and all(why.startswith("malformed: ") for why in piece.spoilt.values())
    assert piece.original == {1: "[1]", 2: '{"a": tru'}


def test_a_row_group_larger_than_a_part_stays_whole_within_bounds_and_is_cut_where_it_must_be(tmp_path: Path) -> None:
    path = tmp_path / "input.parquet"
    pq.write_table(pa.table({"a": list(range(100))}), path, row_group_size=40)
    name, every = FORMATS.found(str(path))
    how = FORMATS.called(name)

    def sizes(rows: int, *, strict: bool = False) -> list[int]:
        return [part.rows for part in planned_parts(how, every, rows, strict=strict)]

    assert sizes(32) == [40, 40, 20]
    assert sizes(80) == [80, 20]
    assert sizes(30) == [20, 20, 20, 20, 20]
    assert sizes(10) == [10] * 10
    assert max(sizes(30, strict=True)) <= 30 and sum(sizes(30, strict=True)) == 100


@pytest.mark.parametrize(("columns", "rows"), [(1, 200_000), (20, 200_000), (100, 43_690)])
def test_wide_rows_make_shorter_parts_unless_somebody_says_how_long(columns: int, rows: int, tmp_path: Path) -> None:
    names = [f"x{i}" for i in range(columns)]
    path = tmp_path / "input.parquet"
    pq.write_table(pa.table({name: range(5_000) for name in names}), path, compression="none", use_dictionary=False)
    fields = [{"name": name, "type": "double"} for name in names]
    features = FeatureSet.parse({"type": "record", "name": "F", "fields": fields})

    def asked(rows_per_part: int | None) -> int:
        order = Order(model="m", input=str(path), output="out", columns={}, rows_per_part=rows_per_part, actor="ada")
        return drafted(order, Pinned(version="v1", digest="d"), features, FORMATS).plan.rows_per_part

    assert asked(None) == pytest.approx(rows, rel=0.03)
    assert asked(77) == 77


def test_folders_and_globs_name_data_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("a/1.parquet", "a/b/2.parquet", "a/_rejected/3.parquet", "a/.x.parquet", "a/note.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        written(tmp_path / name) if name.endswith("parquet") else (tmp_path / name).write_text("")

    def names(address: str) -> list[str]:
        return [source.name.removeprefix(f"{tmp_path}/") for source in FORMATS.found(address)[1]]

    assert names(f"{tmp_path}/a") == ["a/1.parquet", "a/b/2.parquet"]
    assert names(f"{tmp_path}/a/*.parquet") == ["a/1.parquet"]
    assert names(f"{tmp_path}/*/[12].parquet") == ["a/1.parquet"]
    assert names(f"{tmp_path}/**/2.*") == ["a/b/2.parquet"]


@pytest.mark.parametrize(
    ("address", "why"),
    [("nowhere.parquet", "cannot be read"), ("nowhere", "cannot be read"), ("empty", "there is no file of a kind")],
)
def test_what_is_not_there_is_said(address: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputUnreadable, match=why):
        FORMATS.found(str(tmp_path / address))


def test_files_of_several_kinds_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet")
    written(tmp_path / "b.csv")
    with pytest.raises(InputUnreadable, match=r"several kinds \(csv, parquet\)"):
        FORMATS.found(str(tmp_path))


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "avro"])
def test_a_file_that_is_something_else_is_said(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"input.{kind}"
    path.write_bytes(b"")
    (source,) = sources(str(path), [f".{kind}"])
    how = FORMATS.called(FORMATS.found(str(path))[0])
    with pytest.raises(InputUnreadable):
        how.columns(source)
