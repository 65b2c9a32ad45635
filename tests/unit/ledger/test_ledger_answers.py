"""Where answers came from, read back from the very bytes that scorers write."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from headrace.ledger.answers import AnswerOrigins
from headrace.topics import schemas_folder
from headrace.wire.answer import Answers, AnswerWriter, read_schema
from headrace.wire.framing import Format

FORMATS = [Format.AVRO, Format.CONFLUENT, Format.JSON]


def written(n: int, seed: int, answer_id: int | None = 7) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Answers in all formats, some rejected, and where their requests stood."""
    random = np.random.default_rng(seed)
    partition = random.integers(0, 5, n).astype(np.int32)
    offset = random.integers(0, 2**62, n)
    ok = random.random(n) < 0.8
    answers = Answers(
        format=random.choice(FORMATS, n).astype(np.uint8),
        request_id=pa.array([f"r{row}" for row in range(n)]),
        ok=ok,
        reason=pa.array([None if good else "malformed: by hand" for good in ok], pa.string()),
        model="m",
        version="v1",
        variant="champion",
        release="00",
        score=random.random(n),
        decision=ok,
        source_partition=partition,
        source_offset=offset,
        event_time=pa.nulls(n, pa.timestamp("ms", tz="UTC")),
        scored_at=5,
    )
    values = AnswerWriter(read_schema(schemas_folder() / "avro"), answer_id).write(answers)
    return [value for value in values if value is not None], list(zip(partition.tolist(), offset.tolist(), strict=True))


@pytest.mark.parametrize("n", [0, 1, 10, 1000])
def test_each_answer_tells_its_request_in_every_format(n: int) -> None:
    values, places = written(n, seed=n)
    found = AnswerOrigins().of_values(values)
    assert sorted(zip(found.partition.tolist(), found.offset.tolist(), strict=True)) == sorted(places)
    assert found.unreadable == 0


def test_an_answer_that_was_cut_is_unreadable_and_its_neighbours_are_not() -> None:
    values, places = written(300, seed=1)
    for row in range(0, 300, 3):
        values[row] = values[row][:-3]
    found = AnswerOrigins().of_values([*values, b"", b"?"])
    good = [place for row, place in enumerate(places) if row % 3]
    assert sorted(zip(found.partition.tolist(), found.offset.tolist(), strict=True)) == sorted(good)
    assert found.unreadable == 102
