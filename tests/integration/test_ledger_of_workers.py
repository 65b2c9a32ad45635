"""Ledger, explain and score, each on what a real scorer and a real sink did."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.faults.world import World

FEATURES = {"amount": 1.5, "count": None, "night": True, "colour": "red", "side": "left"}


def headrace(world: World, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A command as a process of its own; its exit code and the JSON that it printed."""
    host, port = world.clickhouse
    where = {
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka,
        "HEADRACE_CLICKHOUSE__HOST": host,
        "HEADRACE_CLICKHOUSE__PORT": str(port),
        "HEADRACE_DATA_DIR": str(world.data),
    }
    called = [sys.executable, "-c", "from headrace.cli.main import main; main()", *arguments]
    done = subprocess.run(called, env=os.environ | where, capture_output=True, text=True, timeout=120)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_what_workers_answered_is_counted_whole_and_explained_bit_for_bit(world: World) -> None:
    world.scorer()
    world.sink()
    world.sending(count=500).wait()
    request = {"request_id": "by-hand", "features": FEATURES}
    code, answer = headrace(world, "score", world.model, "--timeout", "60", "--request", json.dumps(request))
    assert (code, answer["request_id"], answer["status"]) == (0, "by-hand", "ok")
    bad = {"request_id": "bad", "features": FEATURES | {"amount": None}}
    code, answer = headrace(world, "score", world.model, "--timeout", "60", "--request", json.dumps(bad))
    assert (code, answer["status"]) == (1, "rejected")
    code, counted = headrace(world, "ledger", world.model, "--json", "--deep", "--wait", "60")
    assert (code, counted["unaccounted"], counted["breaks"]) == (0, 0, [])
    assert (counted["received"], counted["waiting"], counted["on_the_way"]) == (502, 0, 0)
    assert counted["rejected"] >= 1
    code, explained = headrace(world, "explain", "by-hand", "--json")
    (told,) = explained["answers"]
    assert (code, told["features"]) == (0, FEATURES)
    assert told["rescored"]["equal"] is True, told["rescored"]
    code, explained = headrace(world, "explain", "bad", "--json")
    assert (code, explained["answers"][0]["status"]) == (0, "rejected")
