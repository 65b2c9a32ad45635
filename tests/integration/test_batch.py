"""Batch jobs on a real Kafka, with real workers."""

import pyarrow.parquet as pq
import pytest

from tests.faults.world import World
from tests.integration.batch_world import BatchWorld, rows


@pytest.fixture
def batch(world: World) -> BatchWorld:
    return BatchWorld(world)


def test_every_row_of_a_file_comes_out_once_with_the_score_of_the_real_time_path(batch: BatchWorld) -> None:
    table = rows(10_000)
    pq.write_table(table, batch.folder / "year.parquet", row_group_size=1000)
    batch.world.batch_worker()
    told = batch.submit(batch.folder / "year.parquet", "--rows-per-part", "2000", "--wait")
    assert (told["state"], told["rows_in"], told["rows_scored"], told["rows_rejected"]) == ("done", 10_000, 10_000, 0)
    assert (told["parts"], told["version"]) == (5, "v1")
    out = batch.scored()
    assert out.select(table.column_names).equals(table)
    assert out["score"].to_numpy().tobytes() == batch.expected(table).tobytes()
