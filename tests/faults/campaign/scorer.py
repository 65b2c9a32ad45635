"""Faults of the scorer: killed, asked to leave, frozen, slow, too few or too many, and a model that raises."""

import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.stage import Stage
from tests.faults.tinymodel import raising_draft
from tests.faults.worker import NOT_BEGUN, Worker

# Before the produce, after it, before the commit; and every other step at which dying could matter.
NAMED = ("after_score", "after_produce", "after_offsets")
OTHERS = ("after_read", "in_offsets", "after_commit")
READS, STARTED = "partitions-assigned", "worker-started"
KILLED = -signal.SIGKILL
LEAVING_S = 10.0
CHANGES, CHANGE_S = 30, 10.0


def kills(stage: Stage) -> None:
    """Life after life, each ended at a step of a batch, in an order and at batches that the seed draws.

    Seen to fail: offsets committed before the work of a batch (requests lost); outputs in a transaction of their own,
    before that of the offsets (answers and rows twice); offsets committed after the transaction (the same).
    """
    places = [*NAMED] * stage.size.times + [*OTHERS] * max(1, stage.size.times // 10)
    stage.random.shuffle(places)
    asked = [f"{place}=kill@{stage.random.randint(1, 5)}" for place in places]
    scorer = stage.world.scorer(failpoints=asked, HEADRACE_WORKER__BATCH_ROWS="100")
    stage.world.sink()
    stage.sending(rate=100)
    for life in range(len(places)):
        stage.await_end(scorer, life + 1, KILLED)
        stage.struck()
    _expect_ends(stage, scorer, KILLED)
    for place in NAMED:
        stage.note(f"killed_{place}", scorer.said(f"failpoint {place}=kill"))


def slow_head(stage: Stage) -> None:
    """One partition's head batch does not come back while the other partition goes on; then its worker is killed.

    Seen to fail with offsets committed before the work of a batch: the held batch is lost.
    """
    lives = max(2, stage.size.times // 2)
    asked = [f"after_score=hang@{stage.random.randint(2, 8)}" for _ in range(lives)]
    other = stage.world.scorer("score-b")
    stage.await_said(other, READS)
    held = stage.world.scorer("score-a", asked)
    stage.await_said(held, READS)
    stage.world.sink()
    stage.sending(rate=150)
    for life in range(lives):
        stage.await_said(held, "failpoint after_score=hang", life + 1)
        _await_answers(stage, "score-b", since := datetime.now(UTC))
        stage.expect(stage.answered_by("score-a", since) == 0, "the held worker answered all the same")
        held.signal(signal.SIGKILL)
        stage.await_end(held, life + 1, KILLED)
        stage.struck()


def sigterm(stage: Stage) -> None:
    """Asked to leave, again and again. Seen to fail with a source that is not told to stop: it leaves too late."""
    scorer = stage.world.scorer()
    stage.world.sink()
    stage.sending(rate=200)
    slowest = 0.0
    for _ in range(stage.size.times):
        stage.await_more(stage.random.randint(1, 200))
        scorer.signal(signal.SIGTERM)
        slowest = max(slowest, stage.elapsed(partial(stage.await_end, scorer, scorer.ends.count(0) + 1, 0)))
        stage.struck()
    stage.note("slowest_exit_s", round(slowest, 1))
    stage.expect(slowest <= LEAVING_S, f"a worker took {slowest:.1f} s to leave")
    _expect_ends(stage, scorer, 0)


def zombie(stage: Stage, step: str) -> None:
    """SIGSTOP in the middle of a batch, until another scorer has the partitions; then SIGCONT."""
    frozen = stage.world.scorer("score-a", [f"{step}=stop@{stage.random.randint(5, 25)}"])
    stage.await_said(frozen, READS)
    other = stage.world.scorer("score-b")
    stage.world.sink()
    stage.sending(rate=200)
    stage.until(frozen.frozen, "a scorer stopped in the middle of a batch")
    frozen_at = datetime.now(UTC)
    stage.await_said(other, READS, other.said(READS) + 1)
    if step == "after_score":
        stage.until(lambda: stage.partitions_of("score-b", frozen_at) == 2, "the other answers all partitions")
    frozen.signal(signal.SIGCONT)
    stage.struck()
    _await_answers(stage, "score-a", datetime.now(UTC))
    _expect_ends(stage, frozen, NOT_BEGUN)
    _expect_ends(stage, other, NOT_BEGUN)
    refused = frozen.said("batch-not-delivered")
    stage.expect(step != "after_score" or refused, "the late transaction was not refused")


def scaled(stage: Stage) -> None:
    """One worker, three, one, over and over.

    Seen to fail with a source that does not seek after an assignment (gaps in the ledger), and with answers of a batch
    in reverse order.
    """
    first = stage.world.scorer("score-a")
    stage.world.sink()
    stage.await_said(first, READS)
    changes = 2 if stage.size.brief else CHANGES
    stage.sending(rate=stage.outlasting(changes * CHANGE_S))
    for _ in range(changes // 2):
        _change(stage, first, lambda: None, more := [stage.world.scorer(name) for name in ("score-b", "score-c")])
        _change(stage, first, lambda: _stop(more), [])
    workers = stage.world.query(f"SELECT uniqExact(worker) FROM blocks WHERE model = '{stage.world.model}'")[0][0]
    stage.note("assignments", first.said(READS))
    stage.expect(workers == 3, f"{workers} workers have ever answered")


def raising_model(stage: Stage) -> None:
    """The model raises on one row in a hundred. Seen to fail with a batch that is rejected whole."""
    stage.world.add_bundle("v1", *raising_draft(stage.world.model, "v1"))
    stage.world.release("v1")
    scorer = stage.world.scorer()
    stage.world.sink()
    stage.await_said(scorer, READS)
    stage.sending(rate=500, outlier_every=100).stop()
    stage.settle()
    query = f"SELECT count() FROM rejections WHERE model = '{stage.world.model}' AND reason LIKE 'model-error: %'"
    raised = stage.world.query(query)[0][0]
    stage.struck(raised)
    _expect_ends(stage, scorer, NOT_BEGUN)


def swaps(stage: Stage) -> None:
    """Killed, and partitions moved, while a new version is being loaded."""
    killed, other = stage.world.scorer("score-a"), stage.world.scorer("score-b")
    stage.world.sink()
    stage.await_said(killed, READS)
    stage.await_said(other, READS)
    stage.sending(rate=150)
    stage.await_more(50)
    for turn in range(stage.size.times):
        stage.world.add_version(f"v{turn + 2}")
        act = _killed_while_loading if turn % 2 else _moved_while_loading
        act(stage, killed, f"v{turn + 2}")
    last = f"v{stage.size.times + 1}"
    query = f"SELECT uniqExact(source_partition) FROM {stage.world.model}_predictions WHERE version = '{last}'"
    stage.until(lambda: stage.world.query(query)[0][0] == 3, f"answers of {last} to all partitions", 120)


def _killed_while_loading(stage: Stage, killed: Worker, version: str) -> None:
    """Where the seed draws a moment too late, the swap is over and the kill does not count."""
    dead, release = killed.ends.count(KILLED), stage.world.release(version)
    stage.wait(stage.random.uniform(0.0, 0.5))
    loading = not killed.said(f"release={release}")
    killed.signal(signal.SIGKILL)
    stage.await_end(killed, dead + 1, KILLED)
    stage.struck(loading)
    stage.await_said(killed, f"release={release}")


def _moved_while_loading(stage: Stage, held: Worker, version: str) -> None:
    """A third worker joins at the time of the swap and leaves after it."""
    assignments = held.said(READS)
    third = stage.world.scorer("score-c")
    stage.await_said(third, STARTED, third.said(STARTED) + 1)
    release = stage.world.release(version)
    stage.await_said(held, READS, assignments + 1)
    stage.struck()
    stage.await_said(held, f"release={release}")
    third.stop()


def _change(stage: Stage, first: Worker, act: Callable[[], None], joining: Sequence[Worker]) -> None:
    """Change the number of workers, and go on when each has its partitions and answers."""
    assignments = [(worker, worker.said(READS)) for worker in (first, *joining)]
    act()
    stage.wait(CHANGE_S)
    for worker, before in assignments:
        stage.await_said(worker, READS, before + 1)
    stage.struck()
    for worker in joining:
        _await_answers(stage, worker.log.stem, datetime.now(UTC))


def _await_answers(stage: Stage, worker: str, since: datetime) -> None:
    stage.until(lambda: stage.answered_by(worker, since) >= 50, f"answers of {worker}", 120)


def _expect_ends(stage: Stage, worker: Worker, code: int) -> None:
    ends = set(worker.ends) - {NOT_BEGUN}
    stage.expect(ends <= {code}, f"{worker.log.stem} ended with {sorted(ends)}")


def _stop(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.ask_to_stop()
    for worker in workers:
        worker.stop()


FAULTS = (
    Fault(
        rows=(1,),
        name="scorer-killed",
        title="A scorer is killed (signal 9) before it produces, after that, before it commits; its next life goes on.",
        strike=kills,
        about_s=330,
    ),
    Fault(
        rows=(2,),
        name="scorer-slow-head",
        title="A scorer holds the first requests of its partition, scored but not delivered, while another answers "
        "later ones; then it is killed.",
        strike=slow_head,
        about_s=120,
    ),
    Fault(
        rows=(3,),
        name="scorer-sigterm",
        title="A scorer is asked to leave under load: within 10 seconds it is gone.",
        strike=sigterm,
        about_s=150,
    ),
    Fault(
        rows=(4,),
        name="scorer-zombie-before-produce",
        title="A scorer is frozen before it produces until another has answered its requests; it wakes up and must be "
        "refused.",
        strike=partial(zombie, step="after_score"),
    ),
    Fault(
        rows=(4,),
        name="scorer-zombie-before-commit",
        title="A scorer is frozen with its transaction ready to commit until another has taken over; it wakes up.",
        strike=partial(zombie, step="after_offsets"),
    ),
    Fault(
        rows=(5,),
        name="scorers-scaled",
        title="Workers go from one to three and back, every ten seconds; per key, answers stay in order.",
        strike=scaled,
        world={"partitions": 6},
        about_s=360,
    ),
    Fault(
        rows=(6,),
        name="model-raises",
        title="The model raises on one row in a hundred: those are dead letters, their neighbours are answered, the "
        "worker lives.",
        strike=raising_model,
        world={"released": False},
    ),
    Fault(
        rows=(29,),
        name="swap-disturbed",
        title="Workers are killed, and partitions moved to another, while a new version is being loaded; no batch "
        "mixes two versions.",
        strike=swaps,
        world={"partitions": 3},
        about_s=240,
    ),
)
