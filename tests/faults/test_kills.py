"""Processes killed with signal 9 at every step at which it could matter."""

import signal
from collections.abc import Callable

from tests.faults.worker import until
from tests.faults.world import World

SCORER = ("after_read", "after_score", "after_produce", "in_offsets", "after_offsets", "after_commit")
SINK = ("after_intent", "after_insert", "after_done")


def test_a_scorer_killed_at_every_step_of_a_batch_loses_and_repeats_nothing(world: World) -> None:
    """Life after life, one for each step of reading, scoring and the transaction.

    Seen to fail: offsets committed before the work of a batch (requests lost); outputs in a transaction of their own,
    before that of the offsets (answers and rows twice); offsets committed after the transaction (the same).
    """
    scorer = world.scorer(failpoints=[f"{place}=kill@3" for place in SCORER], HEADRACE_WORKER__BATCH_ROWS="100")
    world.sink()
    sending = world.sending(rate=100)
    until(lambda: len(scorer.ends) == len(SCORER), "a death at each step", 150)
    sending.stop()
    report = world.check()
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] > 1000
    assert scorer.ends == [-signal.SIGKILL] * len(SCORER)


def test_a_sink_killed_at_every_step_of_a_range_loses_and_repeats_nothing(world: World) -> None:
    """Seen to fail: a random insert token (rows twice after the kill behind the insert), open intents not repeated (the
    same: the new range is cut differently), reading on from Kafka's committed offsets (rows twice after the kill behind
    `blocks`)."""
    world.scorer()
    sink = world.sink(failpoints=[f"{place}=kill@2" for place in SINK], HEADRACE_WORKER__SINK_SECONDS="0.5")
    sending = world.sending(rate=200)
    until(lambda: len(sink.ends) == len(SINK), "a death at each step", 120)
    sending.stop()
    report = world.check()
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] > 1000
    assert sink.ends == [-signal.SIGKILL] * len(SINK)
    assert sink.said("intent-repeated") >= 2


def test_a_sink_back_within_a_session_reads_a_model_that_was_applied_meanwhile(
    make_world: Callable[..., World],
) -> None:
    """Seen to fail with the sink as a static member: Kafka gave it its old partitions back, the new model's log was
    read by nobody."""
    before = make_world()
    sink = before.sink()
    until(lambda: sink.said("partitions-assigned"), "the sink reads")
    sink.stop()
    world = make_world(released=False)
    later = world.sink()
    until(lambda: later.said("partitions-assigned"), "the sink reads again")
    world.add_version("v1")
    world.release("v1")
    sender = world.sender()
    for n in range(100):
        sender.request(n)
    sender.flush()
    world.scorer()
    report = world.check()
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] == 100
