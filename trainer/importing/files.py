"""Rows of a file or a table, piece by piece, with the place of each row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainer.errors import ImportFileError

ROWS = 50_000
csv.field_size_limit(2**24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows, and the number of each: a CSV's line (its heading is line 1), a Parquet file's row from 1.

    spoilt are rows that are no rows at all, by number.
    """

    rows: pa.Table
    numbers: NDArray[np.int64]
    spoilt: dict[int, str] = field(default_factory=dict)


def column_names(file: Path) -> list[str]:
    """The file's columns; raises ImportFileError."""
    try:
        if _is_csv(file):
            with file.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
                return next(csv.reader(opened), [])
        return list(pq.read_schema(file).names)
    except (OSError, csv.Error, pa.ArrowException) as error:
        raise ImportFileError(f"{file} cannot be read: {error}") from None


def pieces(file: Path, columns: Sequence[str]) -> Iterator[Piece]:
    """The columns asked for; raises ImportFileError when the file breaks off."""
    try:
        yield from (_of_csv if _is_csv(file) else _of_parquet)(file, columns)
    except (OSError, csv.Error, pa.ArrowException) as error:
        raise ImportFileError(f"{file} cannot be read: {error}") from None


def of_table(table: pa.Table, columns: Sequence[str]) -> Iterator[Piece]:
    """The columns asked for of a table, whose rows count from 1; rows without a label are none to learn from."""
    table = table.select(list(columns))
    for start in range(0, table.num_rows, ROWS):
        rows = table.slice(start, ROWS)
        numbers = np.arange(start + 1, start + 1 + rows.num_rows)
        if "label" in rows.column_names:
            known = rows["label"].is_valid()
            rows, numbers = rows.filter(known), numbers[known.to_numpy()]
        yield Piece(rows=rows, numbers=numbers)


def _is_csv(file: Path) -> bool:
    if not file.is_file():
        raise ImportFileError(f"there is no file {file}")
    if file.suffix.lower() in (".csv", ".tsv"):
        return True
    if file.suffix.lower() == ".parquet":
        return False
    raise ImportFileError(f"{file} is neither .csv nor .parquet; convert it to one of them")


def _of_parquet(file: Path, columns: Sequence[str]) -> Iterator[Piece]:
    first = 1
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(ROWS, columns=list(columns)):
            yield Piece(rows=pa.table(batch), numbers=np.arange(first, first + batch.num_rows))
            first += batch.num_rows


def _of_csv(file: Path, columns: Sequence[str]) -> Iterator[Piece]:
    """All values as text, the empty one as null. What is not UTF-8 stays a row and is found in its column."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
        reader = csv.reader(opened, delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
        heading = next(reader, [])
        places = [heading.index(column) for column in columns]
        rows: list[list[str]] = []
        numbers: list[int] = []
        spoilt: dict[int, str] = {}
        line = reader.line_num + 1
        for row in reader:
            if len(row) == len(heading):
                rows.append(row)
                numbers.append(line)
            elif row:
                spoilt[line] = f"{len(row)} values where the heading names {len(heading)}"
            line = reader.line_num + 1
            if len(rows) + len(spoilt) == ROWS:
                yield _piece(rows, numbers, spoilt, columns, places)
                rows, numbers, spoilt = [], [], {}
        yield _piece(rows, numbers, spoilt, columns, places)


def _piece(
    rows: list[list[str]], numbers: list[int], spoilt: dict[int, str], columns: Sequence[str], places: list[int]
) -> Piece:
    by_column = [[row[place] or None for row in rows] for place in places]
    for place, values in enumerate(by_column):
        by_column[place] = [None if text is None else _printable(text) for text in values]
    table = pa.table({name: pa.array(values, pa.string()) for name, values in zip(columns, by_column, strict=True)})
    return Piece(rows=table, numbers=np.array(numbers, np.int64), spoilt=spoilt)


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
