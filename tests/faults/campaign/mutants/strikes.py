"""Strikes as small as a mutant needs them; what the campaign shows at length takes longer than that."""

import json
import shutil
import signal
import time
from dataclasses import replace

from headrace import bundle
from tests.faults.campaign.stage import Stage
from tests.faults.checker import Sender
from tests.faults.tinymodel import draft

# More than the scorer may send in one message, and less than its block of logs has.
LARGEST = 60_000
QUICK = {"HEADRACE_WORKER__SINK_SECONDS": "0.5"}
START_S = 120.0
# What is lost never comes; what comes late must not pass for lost.
SETTLE_S = 45.0


def answer_too_large(stage: Stage) -> None:
    """One request's key makes its answer larger than the scorer may send: it alone is rejected."""
    half = stage.size.requests // 2
    scorer = stage.world.scorer(HEADRACE_KAFKA__PROPERTIES=json.dumps({"message.max.bytes": str(LARGEST)}))
    stage.world.sink(**QUICK)
    sender = stage.world.sender()
    _send(sender, range(half))
    stage.until(stage.rows, "rows in ClickHouse", START_S)
    sender.send(_request("huge"), name="huge", key="k" * (LARGEST + 1), expect="rejected")
    _send(sender, range(half, 2 * half))
    stage.struck()
    stage.until(lambda: stage.received() >= 2 * half + 1, "all is answered", SETTLE_S)
    stage.expect(scorer.said("cause=too-large"), "the answer was taken all the same")


def scorer_killed(stage: Stage) -> None:
    """The scorer is killed when it has produced a batch's outputs and before it commits."""
    scorer = stage.world.scorer(failpoints=["after_produce=kill@5"])
    stage.world.sink(**QUICK)
    stage.sending(rate=200)
    stage.until(lambda: scorer.ends == [-signal.SIGKILL], "the scorer's death", START_S)
    stage.struck()
    stage.await_more(200, START_S)


def sink_killed(stage: Stage) -> None:
    """The sink is killed with the rows of a range inserted and the range not marked as done."""
    stage.world.scorer()
    sink = stage.world.sink(["after_insert=kill@3"], **QUICK)
    stage.sending(rate=200)
    stage.until(lambda: sink.ends == [-signal.SIGKILL], "the sink's death", START_S)
    stage.struck()
    stage.await_more(200, START_S)


def release_edited(stage: Stage) -> None:
    """A release is edited after its signing."""
    stage.world.scorer()
    stage.world.sink(**QUICK)
    stage.world.add_version("v2")
    stage.sending(rate=100)
    stage.await_more(50, START_S)
    stage.world.publish(stage.world.document("v2").replace(b"to see what happens", b"to see what happenz"))
    stage.until(lambda: stage.world.events("release-refused") or _rows_of(stage, "v2"), "a verdict", START_S)
    stage.struck()
    stage.await_more(50, START_S)


def bundle_exchanged(stage: Stage) -> None:
    """What lies in the registry as a version is not what was released as that version."""
    stage.world.scorer()
    stage.world.sink(**QUICK)
    stage.world.add_version("v2")
    stage.sending(rate=100)
    stage.await_more(50, START_S)
    document = stage.world.document("v2")
    _exchange(stage, "v2")
    stage.world.publish(document)
    stage.until(lambda: stage.world.events("release-not-loaded") or _rows_of(stage, "v2"), "a verdict", START_S)
    stage.struck()
    stage.await_more(50, START_S)


def _exchange(stage: Stage, version: str) -> None:
    """A sound bundle, of other weights, under the same name."""
    other = stage.folder / "other"
    made, _ = draft(stage.world.model, "v9")
    bundle.write(other, replace(made, version=version))
    place = stage.world.data / "registry" / "bundles" / stage.world.model / version
    for file in other.iterdir():
        (place / file.name).unlink(missing_ok=True)
        shutil.copy(file, place / file.name)


def _rows_of(stage: Stage, version: str) -> int:
    query = f"SELECT count() FROM {stage.world.model}_predictions WHERE version = '{version}'"
    return int(stage.world.query(query)[0][0])


def _send(sender: Sender, numbers: range) -> None:
    for n in numbers:
        sender.request(n)
    sender.flush()


def _request(name: str) -> bytes:
    features = {"amount": 0.5, "count": 1, "night": False, "colour": "red", "side": "left"}
    return json.dumps(
        {"request_id": name, "event_time": time.time_ns() // 1_000_000, "entity": "k1", "features": features}
    ).encode()
