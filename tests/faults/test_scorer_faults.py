"""What can go wrong between a scorer and Kafka, short of dying."""

import json
import os
import time
from datetime import UTC, datetime

from streams.engine.watchdog import EXIT_CODE
from tests.faults.worker import until
from tests.faults.world import World


def test_a_call_that_never_returns_ends_the_process_and_the_next_one_goes_on(world: World) -> None:
    """Seen to fail with a watchdog that does not end the process: nothing is answered any more."""
    scorer = world.scorer(failpoints=["in_offsets=hang@20"], HEADRACE_WORKER__WATCHDOG_S="3")
    world.sink()
    sending = world.sending(rate=200)
    until(lambda: scorer.ends, "the watchdog ends the process")
    ended_at = datetime.now(UTC)
    until(lambda: _partitions_of(world, "score-a", ended_at), "the next life answers")
    sending.stop()
    report = world.check()
    assert scorer.ends == [EXIT_CODE]
    assert scorer.said("send_offsets_to_transaction did not return within 3 s") == 1
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] > 500


def test_a_log_block_that_kafka_refuses_shrinks_and_an_impossible_request_is_rejected(world: World) -> None:
    """The broker takes blocks of 8 kB only; one request's own row is larger than that.

    Seen to fail without halving (nothing is delivered any more), without giving up the impossible request (its
    partition stalls), and without the seek back after a batch that was not delivered (requests lost).
    """
    world.limit(f"{world.model}.logs", 8_000)
    sender = world.sender()
    for n in range(1500):
        sender.request(n)
        if n == 700:
            sender.send(_with_colour(os.urandom(15_000).hex()), name="huge", key="k1", expect="rejected")
    sender.flush()
    scorer = world.scorer(HEADRACE_WORKER__BATCH_ROWS="1000")
    world.sink()
    report = world.check()
    assert report["faults"] == {}
    assert scorer.said("cause=too-large") > 3
    assert (report["ok"], report["rejected"], report["dead_letters"], report["rows"]) == (1500, 1, 1, 1500)
    ((reason,),) = world.query(f"SELECT reason FROM rejections WHERE model = '{world.model}'")
    assert reason.startswith("undeliverable: ")


def test_a_batch_larger_than_the_producers_queue_is_delivered_in_parts(world: World) -> None:
    """Seen to fail with produce_batch's count not compared with what was asked and the queue drained before the log
    blocks follow: answers lost, offsets committed."""
    sender = world.sender()
    for n in range(2000):
        sender.request(n)
    sender.flush()
    properties = json.dumps({"queue.buffering.max.messages": "150"})
    scorer = world.scorer(HEADRACE_WORKER__BATCH_ROWS="1000", HEADRACE_KAFKA__PROPERTIES=properties)
    world.sink()
    report = world.check()
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] == 2000
    assert scorer.said("cause=queue-full") > 0


def _partitions_of(world: World, worker: str, since: datetime) -> int:
    """How many partitions this worker has answered since."""
    query = "SELECT uniqExact(source_partition) FROM blocks WHERE model = '{}' AND worker = '{}' AND scored_at > '{}'"
    return int(world.query(query.format(world.model, worker, since.strftime("%Y-%m-%d %H:%M:%S.%f")))[0][0])


def _with_colour(colour: str) -> bytes:
    features = {"amount": 0.5, "count": 1, "night": False, "colour": colour, "side": "left"}
    request = {"request_id": "huge", "event_time": time.time_ns() // 1_000_000, "entity": "k1", "features": features}
    return json.dumps(request).encode()
