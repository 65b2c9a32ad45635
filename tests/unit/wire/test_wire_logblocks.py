"""Log blocks come back whole or not at all, and the parts of a large one account for every request once."""

import random
import string
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.wire.errors import EncodingError, LogBlockError
from headrace.wire.logblock import LIMIT, decode_block, encode_block, log_rows, log_schema
from headrace.wire.logsplit import LogBatch, header_of, split_blocks

SCHEMA = log_schema({"temp": pa.float64(), "note": pa.string()})


def log_batch(n: int, seed: int = 1, text: int = 20, bad: float = 0.1, sampled: float = 1.0) -> LogBatch:
    rnd = random.Random(seed)
    offsets = np.cumsum([rnd.randint(1, 3) for _ in range(n)]).astype(np.int64)
    kinds = [rnd.random() for _ in range(n)]
    versions = ("v1", "v2")
    answered_by = [-1 if kind < bad else rnd.choice((0, 1)) for kind in kinds]
    rejects = tuple(
        (int(offset), None if kind < bad / 2 else f"id-{offset}", "malformed: x")
        for offset, kind in zip(offsets, kinds, strict=True)
        if kind < bad
    )
    rows = [row for row in range(n) if answered_by[row] >= 0 and rnd.random() < sampled]
    columns: dict[str, Any] = {
        "request_id": pa.array([f"id-{offsets[row]}" for row in rows], pa.string()),
        "entity": pa.array([None if row % 3 else "N1" for row in rows], pa.string()),
        "event_time": pa.array([row * 1000 for row in rows], pa.timestamp("ms", tz="UTC")),
        "source_offset": pa.array(offsets[rows], pa.int64()),
        "version": pa.array([versions[answered_by[row]] for row in rows], pa.string()),
        "variant": pa.repeat("champion", len(rows)),
        "score": pa.array([rnd.random() for _ in rows], pa.float64()),
        "decision": pa.array([None if row % 5 == 0 else row % 2 == 0 for row in rows], pa.bool_()),
        "scored_at": pa.array(rows, pa.timestamp("us", tz="UTC")),
        "inclusion_probability": pa.array([sampled for _ in rows], pa.float64()),
        "f_temp": pa.array([None if row % 7 == 0 else rnd.random() for row in rows], pa.float64()),
        "f_note": pa.array(["".join(rnd.choices(string.printable, k=text)) for _ in rows], pa.string()),
    }
    return LogBatch(
        model="m",
        source_topic="m.requests",
        source_partition=2,
        previous_last_offset=int(offsets[0]) - 1 if n else -1,
        release="r",
        worker="w",
        scored_at=5,
        offsets=offsets,
        versions=versions,
        answered_by=np.array(answered_by, np.intp),
        rejects=rejects,
        rows=log_rows(SCHEMA, columns),
    )


@pytest.mark.parametrize("n", [1, 5, 3000])
def test_a_block_comes_back_as_it_was_and_plain_arrow_reads_a_small_one(n: int) -> None:
    batch = log_batch(n)
    (data,) = split_blocks(batch)
    header, table = decode_block(data)
    assert header == header_of(batch)
    assert table.schema.equals(SCHEMA)
    assert table.to_batches() == [batch.rows]
    if n == 1:
        assert pa.ipc.open_stream(data).read_all().num_rows == table.num_rows
    assert n != 3000 or len(data) < 3000 * 100


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 400), st.integers(0, 1000), st.sampled_from((3000, 6000, 20_000)), st.sampled_from((1.0, 0.5, 0.0))
)
def test_parts_chain_add_up_and_hold_every_row_once(n: int, seed: int, limit: int, sampled: float) -> None:
    batch = log_batch(n, seed, text=100, bad=seed % 4 / 3, sampled=sampled)
    parts = [decode_block(data) for data in split_blocks(batch, limit)]
    if not n:
        assert not parts
        return
    whole, headers = header_of(batch), [header for header, _ in parts]
    previous = batch.previous_last_offset
    for header, table in parts:
        assert header.previous_last_offset == previous
        assert previous < header.first_offset <= header.last_offset
        previous = header.last_offset
        inside = table["source_offset"].to_pylist() + [offset for offset, _, _ in header.rejects]
        assert all(header.first_offset <= offset <= header.last_offset for offset in inside)
        assert header.logged == len(table)
        assert header.received == header.rejected + sum(header.versions.values())
        assert header.answered == header.received - header.unidentified
    for name in ("received", "answered", "rejected", "unidentified", "logged"):
        assert sum(getattr(header, name) for header in headers) == getattr(whole, name), name
    for version, rows in whole.versions.items():
        assert sum(header.versions.get(version, 0) for header in headers) == rows
    assert (headers[0].first_offset, headers[-1].last_offset) == (whole.first_offset, whole.last_offset)
    assert tuple(reject for header in headers for reject in header.rejects) == whole.rejects
    rows = pa.concat_tables([table for _, table in parts])
    assert rows.combine_chunks().equals(pa.Table.from_batches([batch.rows]))


def test_no_part_is_over_the_limit_unless_it_is_a_single_request() -> None:
    batch = log_batch(2000, text=2000)
    sizes = [len(data) for data in split_blocks(batch)]
    assert len(sizes) > 1
    assert max(sizes) <= LIMIT
    single = split_blocks(log_batch(3, text=900_000, bad=0))
    assert len(single) == 3
    assert [decode_block(data)[0].received for data in single] == [1, 1, 1]


@pytest.mark.parametrize("n", [1, 300])
def test_a_damaged_block_is_an_error_and_never_other_rows(n: int) -> None:
    (data,) = split_blocks(log_batch(n, bad=0))
    rnd = random.Random(7)
    for _ in range(100):
        place = rnd.randrange(len(data))
        damaged = data[:place] + bytes([data[place] ^ rnd.randint(1, 255)]) + data[place + 1 :]
        with pytest.raises(LogBlockError):
            decode_block(damaged)
        with pytest.raises(LogBlockError):
            decode_block(data[:place])
    for foreign in (b"", b"{}", b"\xc3\x01" + bytes(40), bytes(16)):
        with pytest.raises(LogBlockError):
            decode_block(foreign)


def test_a_header_that_does_not_account_for_every_request_is_refused() -> None:
    batch = log_batch(50)
    with pytest.raises(EncodingError, match="must account for each"):
        header_of(replace(batch, rejects=batch.rejects[1:]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": None}, "needs the column score"),
        ({"score": pa.array(["x"])}, "the column score of a log block must be double"),
        ({"score": pa.array([None], pa.float64())}, "the column score of a log block has 1 nulls"),
        ({"temp": pa.array([1.0])}, "not columns of a log block: temp"),
    ],
)
def test_columns_that_do_not_belong_are_named(change: dict[str, Any], message: str) -> None:
    batch = log_batch(1, bad=0)
    columns = dict(zip(SCHEMA.names, batch.rows.columns, strict=True)) | change
    with pytest.raises(EncodingError, match=message):
        encode_block(
            header_of(batch),
            log_rows(SCHEMA, {name: array for name, array in columns.items() if array is not None}),
        )


def test_two_variants_of_one_version_are_counted_together() -> None:
    batch = replace(log_batch(50, bad=0.2), versions=("v1", "v1"))
    assert header_of(batch).versions == {"v1": int((batch.answered_by >= 0).sum())}
