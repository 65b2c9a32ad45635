"""Batch jobs while what they need is away: the disk of the output, the broker, whoever submitted them."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from deploy.local.kafka.server import KafkaServer
from deploy.local.supervise.spawn import spawn
from tests.faults.worker import ROOT, Worker, until
from tests.faults.world import World
from tests.integration.batch_world import BatchWorld, rows

COUNT, PARTS = 60_000, 30
# Less than a part's output, more than anything else that a worker writes meanwhile.
FULL = 25_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, kafka_jars: None) -> Iterator[KafkaServer]:
    with KafkaServer(tmp_path_factory.mktemp("own")) as running:
        yield running


@pytest.fixture
def batch(tmp_path: Path, server: KafkaServer, clickhouse: tuple[str, int]) -> Iterator[BatchWorld]:
    world = World(tmp_path / "world", server.address, clickhouse)
    pq.write_table(rows(COUNT), world.folder / "input.parquet", row_group_size=COUNT // PARTS)
    yield BatchWorld(world)
    world.close()


def asked(batch: BatchWorld) -> tuple[str, ...]:
    """What `headrace batch submit` is told."""
    where = ("--input", str(batch.folder / "input.parquet"), "--output", str(batch.folder / "out"))
    return (batch.world.model, *where, "--rows-per-part", str(COUNT // PARTS))


def whole(batch: BatchWorld, told: dict[str, object]) -> None:
    """The job is done, and every row is there once with its score."""
    assert (told["state"], told["rows_scored"], told["parts_done"]) == ("done", COUNT, PARTS)
    out = batch.scored()
    assert out["id"].to_pylist() == list(range(COUNT))
    assert out["score"].to_numpy().tobytes() == batch.expected(rows(COUNT)).tobytes()


def at_its_fifth(batch: BatchWorld, place: str) -> Worker:
    """A worker that was stopped there, in the middle of a job."""
    worker = batch.world.batch_worker(failpoints=[f"batch_{place}=stop@5"])
    until(worker.frozen, "the worker stands still")
    return worker


def test_a_disk_that_is_full_under_the_output_holds_a_job_up_until_there_is_space(batch: BatchWorld) -> None:
    """Files of the worker may not grow beyond a size, which fails a write as a full disk does.

    Seen to fail with a store that refuses taken for a fault of the part, which then fails instead of waiting.
    """
    job = batch.told("submit", *asked(batch))["job"]
    worker = at_its_fifth(batch, "before_write")
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (FULL, resource.RLIM_INFINITY))
    os.kill(worker.pid, signal.SIGCONT)
    until(lambda: worker.said("cause=store-away") > 1, "the worker tells that it cannot write, more than once")
    told = batch.told("status", job)
    assert (told["state"], told["parts_done"], told["parts_failed"]) == ("running", 4, [])
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    whole(batch, batch.told("status", job, "--wait"))
    assert not worker.ends and len(list((batch.folder / "out").glob("*.parquet*"))) == PARTS


def test_a_broker_that_is_killed_and_comes_back_during_a_job_leaves_each_row_once(
    batch: BatchWorld, server: KafkaServer
) -> None:
    job = batch.told("submit", *asked(batch))["job"]
    worker = at_its_fifth(batch, "after_score")
    server.kill()
    os.kill(worker.pid, signal.SIGCONT)
    until(lambda: batch.told("status", job)["parts_done"] > 4, "the part in work is done without a broker")
    server.start()
    whole(batch, batch.told("status", job, "--wait"))


def test_a_submitter_killed_while_it_waits_is_not_missed_and_who_submits_or_retries_goes_on(batch: BatchWorld) -> None:
    log = batch.folder / "submit.log"
    argv = [sys.executable, "-m", "headrace", "batch", "submit", *asked(batch), "--wait", "--json"]
    own = {
        "HEADRACE_DATA_DIR": str(batch.world.data),
        "HEADRACE_KAFKA__BOOTSTRAP": batch.world.kafka,
        "PYTHONPATH": str(ROOT),
    }
    submitter = spawn(argv, env=os.environ | own, log=log)
    worker = at_its_fifth(batch, "before_write")
    submitter.kill()
    assert submitter.wait() == -signal.SIGKILL and not log.read_text()
    again = batch.told("submit", *asked(batch))
    assert (again["state"], again["parts_done"]) == ("running", 4)
    assert batch.told("retry", again["job"])["parts_done"] == 4
    os.kill(worker.pid, signal.SIGCONT)
    whole(batch, batch.told("status", again["job"], "--wait"))
