"""Replay: past requests with the releases of then give the very answers of then, and nothing live is touched."""

import json
import os
import subprocess
import sys
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from headrace import topics
from headrace.release import release_id
from headrace.topics import scorers_group
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.refusals import await_loaded
from tests.faults.campaign.stage import Stage
from tests.faults.checker import features_of
from tests.faults.worker import ROOT


def replayed(stage: Stage) -> None:
    """Three releases under load, rejected requests among the others; replayed while it runs and once it is over.

    Seen to fail with the newest release in place of that of then (answers differ), and with a replay that commits what
    it read (the scorers' offsets move).
    """
    scorers = [stage.world.scorer("score-a"), stage.world.scorer("score-b")]
    sink = stage.world.sink()
    for version in ("v2", "v3"):
        stage.world.add_version(version)
    await_loaded(stage, scorers, release_id(stage.world.releases[-1]))
    stage.sending(rate=200)
    _nonsense(stage, 10)
    stage.await_more(100)
    for version in ("v2", "v3", "v1"):
        await_loaded(stage, scorers, stage.world.release(version))
        stage.await_more(100)
        _nonsense(stage, 5)
    _expect_same(stage, running := _replay(stage, "--from", "0"))
    stage.note("replayed_under_load", running["replayed"])
    stage.struck()
    stage.settle()
    for worker in (*scorers, sink):
        worker.stop()
    before = _live(stage)
    over = _replay(stage, "--from", "0")
    stage.expect(_live(stage) == before, "a topic, a group or an offset is not what it was before the replay")
    _expect_same(stage, over)
    counts = over["replayed"], over["identical"], over["rejected_alike"], over["waiting"]
    owed = stage.received(), stage.rows(), _rejected(stage), 0
    stage.expect(counts == owed, f"(replayed, identical, rejected alike, waiting) are {counts}, there are {owed}")
    stage.expect(over["identical"] > 0 and over["rejected_alike"] >= 25, f"too little was compared: {counts}")
    stage.note("replayed", over["replayed"])
    stage.struck()


def _nonsense(stage: Stage, number: int) -> None:
    """Requests that are rejected: some that say who they are, some that do not."""
    sender = stage.world.sender()
    for turn in range(number):
        name = f"bad{stage.random.randrange(10**9)}"
        bad = {"request_id": name, "event_time": turn, "entity": "k1", "features": features_of(turn) | {"amount": None}}
        sender.send(json.dumps(bad).encode(), name=name, key="k1", expect="rejected")
        sender.send(stage.random.randbytes(9), name=None, key="k1", expect="unidentified")
    sender.flush()


def _expect_same(stage: Stage, told: dict[str, Any]) -> None:
    stage.expect(told["replayed"] > 0, "nothing was replayed")
    stage.expect(not told["different"], f"{told['different']} answers differ: {told['differing'][:3]}")
    stage.expect(not told["not_replayed"], f"not replayed: {told['why']}")


def _replay(stage: Stage, *options: str) -> dict[str, Any]:
    """The command, as a process of its own."""
    place = {
        "HEADRACE_DATA_DIR": str(stage.world.data),
        "HEADRACE_KAFKA__BOOTSTRAP": stage.world.kafka,
        "HEADRACE_CLICKHOUSE__HOST": stage.world.clickhouse[0],
        "HEADRACE_CLICKHOUSE__PORT": str(stage.world.clickhouse[1]),
        "PYTHONPATH": str(ROOT),
    }
    argv = [sys.executable, "-m", "headrace", "replay", stage.world.model, "--json", *options]
    done = subprocess.run(argv, env=os.environ | place, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr[-1000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _rejected(stage: Stage) -> int:
    return int(stage.world.query(f"SELECT count() FROM rejections WHERE model = '{stage.world.model}'")[0][0])


def _live(stage: Stage) -> dict[str, Any]:
    """All that a replay must leave alone: where topics end, which groups there are, what the scorers committed."""
    client = {"bootstrap.servers": stage.world.kafka, "log_level": 0}
    own = TopicPartition(topics.requests(stage.world.model), 0), TopicPartition(topics.requests(stage.world.model), 1)
    looking, scorers = (Consumer(client | {"group.id": name}) for name in ("looking", scorers_group(stage.world.model)))
    try:
        found = looking.list_topics(timeout=20).topics
        places = [
            TopicPartition(name, part) for name in sorted(found) if name[0] != "_" for part in found[name].partitions
        ]
        ends = {(at.topic, at.partition): looking.get_watermark_offsets(at, timeout=20) for at in places}
        committed = [at.offset for at in scorers.committed(list(own), timeout=20)]
    finally:
        looking.close()
        scorers.close()
    listed = AdminClient(client).list_consumer_groups().result(20).valid
    return {"ends": ends, "committed": committed, "groups": sorted(group.group_id for group in listed)}


FAULTS = (
    Fault(
        rows=(37,),
        name="replayed",
        title="Requests are replayed from offset 0, under load and after it, with the releases of then: every answer "
        "comes out bit for bit; topics, groups and offsets stay as they are.",
        strike=replayed,
        about_s=150,
    ),
)
