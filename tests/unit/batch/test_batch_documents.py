"""A job's documents: written once, counted, ended once; an output's name is taken once."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from headrace.batch.counting import Counting, Finishing
from headrace.batch.errors import JobDiffers, OutputUnusable, UnknownJob
from headrace.batch.job import Failure, Part, Plan, Receipt, Round, Source, Task
from headrace.batch.store import JobStore, now
from headrace.registry.store import WriteOnce
from streams.batch.sheet import Sheet, put_sheet


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore.open(str(tmp_path / "store"))


def plan(output: Path, parts: int = 3) -> Plan:
    return Plan(
        job="year",
        content="c" * 64,
        model="m",
        version="v1",
        digest="d" * 64,
        format="parquet",
        input="in.parquet",
        columns={"a": "a"},
        output=str(output),
        sources=(Source(name="in.parquet", size=9, mark="x"),),
        parts=tuple(Part(number=n, source=0, first=10 * n, rows=10) for n in range(parts)),
        rows_per_part=10,
        actor="ada",
        submitted_at=now(),
    )


def receipt(part: int, rejected: int = 1) -> Receipt:
    scored = 10 - rejected
    return Receipt(part=part, rows_in=10, rows_scored=scored, rows_rejected=rejected, worker="w", seconds=0.1)


def test_a_plan_is_begun_once_and_another_of_its_name_is_refused(store: JobStore, tmp_path: Path) -> None:
    first = plan(tmp_path)
    assert store.begin(first) is first
    later = replace(first, submitted_at="later")
    assert store.begin(later) == first
    with pytest.raises(JobDiffers, match="give this one another --job"):
        store.begin(replace(first, content="e" * 64))
    with pytest.raises(UnknownJob):
        store.plan("month")
    assert store.jobs() == ["year"]


def test_a_job_runs_fails_in_a_round_is_tried_again_and_is_done_once_all_have_receipts(
    store: JobStore, tmp_path: Path
) -> None:
    job = store.begin(plan(tmp_path / "out"))
    counting = Counting(store, job)
    assert counting.progress().state == "running"
    store.put_receipt("year", receipt(0))
    store.put_receipt("year", receipt(0, rejected=5))
    store.put_receipt("year", receipt(2))
    store.put_failure("year", 0, Failure(part=1, reason="torn", worker="w"))
    failed = counting.progress()
    assert (failed.state, [one.reason for one in failed.failures]) == ("failed", ["torn"])
    store.begin_round("year", 1, Round(sources=job.sources, actor="ada", at=now()))
    assert (store.rounds("year"), counting.progress().state) == (1, "running")
    assert Finishing(store, job).finish() is None
    store.put_receipt("year", receipt(1))
    done = Counting(store, job).progress()
    assert done.state == "done" and done.manifest is not None
    assert (done.manifest.rows_in, done.manifest.rows_scored, done.manifest.rows_rejected) == (30, 27, 3)
    beside = (tmp_path / "out" / "_manifest-year.json").read_bytes()
    assert Finishing(store, job).finish() == done.manifest and beside == done.manifest.encode()


def test_whichever_part_is_the_last_ends_the_job_and_no_other_does(store: JobStore, tmp_path: Path) -> None:
    job = store.begin(plan(tmp_path / "out", parts=4))
    finishing = Finishing(store, job)
    store.put_receipt("year", receipt(0, rejected=5))
    for part in (3, 0, 2):
        finishing.put(receipt(part))
        assert finishing.finish() is None and store.manifest("year") is None
    store.put_receipt("year", receipt(1))
    done = finishing.finish()
    assert done is not None and done == store.manifest("year")
    assert [one.rows_rejected for one in done.parts] == [5, 1, 1, 1], "the first receipt of a part counts"


def test_a_cancelled_job_is_never_done(store: JobStore, tmp_path: Path) -> None:
    job = store.begin(plan(tmp_path / "out", parts=1))
    store.cancel("year", "ada")
    store.put_receipt("year", receipt(0))
    assert Counting(store, job).progress().state == "cancelled"
    assert Finishing(store, job).finish() is None and not (tmp_path / "out").exists()


def test_only_one_task_of_a_round_may_send_a_parts_answers(store: JobStore) -> None:
    task = Task(job="year", part=1)
    assert store.claim_part("year", task, "0:17")
    assert store.claim_part("year", task, "0:17"), "the same task, read again"
    assert not store.claim_part("year", task, "0:18")
    assert store.claim_part("year", Task(job="year", part=1, round=1), "0:18")


def sheet(batches: list[pa.RecordBatch]) -> Sheet:
    made = Sheet()
    for batch in batches:
        made.add(batch)
    return made


def test_an_output_that_is_there_is_adopted_when_it_holds_the_same_rows_however_they_were_cut(tmp_path: Path) -> None:
    store, rows = WriteOnce(str(tmp_path), "output"), pa.table({"id": range(100), "score": [i / 7 for i in range(100)]})
    first = put_sheet(store, "a.parquet", sheet(rows.to_batches()))
    again = put_sheet(store, "a.parquet", sheet(rows.to_batches(max_chunksize=9)))
    assert first is not None and again == first
    other = rows.set_column(1, "score", pa.array([0.0] * 100))
    for wrong in (other, rows.slice(1), rows.rename_columns(["id", "points"])):
        with pytest.raises(OutputUnusable, match=r"a\.parquet in .* holds other rows"):
            put_sheet(store, "a.parquet", sheet(wrong.to_batches()))
    assert pq.read_table(tmp_path / "a.parquet").equals(rows)
    assert put_sheet(store, "b.parquet", sheet([])) is None
