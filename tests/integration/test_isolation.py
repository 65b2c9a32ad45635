"""Scoring does without the trainer, the registry, ClickHouse and the desk; that each is away is told."""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.doctor import doctor
from deploy.local.kafka.ports import pick_free
from deploy.local.supervise.spawn import Process, spawn
from headrace import topics
from headrace.release import release_id
from tests.faults.checker import read_all
from tests.faults.proxy import Proxy
from tests.faults.worker import ROOT, until
from tests.faults.world import World


@pytest.fixture
def proxy(clickhouse: tuple[str, int]) -> Iterator[Proxy]:
    found = Proxy(clickhouse)
    yield found
    found.refuse()


def where(world: World, proxy: Proxy) -> dict[str, str]:
    return {
        "HEADRACE_DATA_DIR": str(world.data),
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka,
        "HEADRACE_CLICKHOUSE__HOST": proxy.address[0],
        "HEADRACE_CLICKHOUSE__PORT": str(proxy.address[1]),
    }


def examined(env: Mapping[str, str], *flags: str) -> str:
    """What `headrace doctor` prints, in this process."""
    return CliRunner().invoke(doctor, flags, env=env).stdout


def states(env: Mapping[str, str], *names: str) -> set[str]:
    """What became of these checks."""
    checks = {check["name"]: check for check in json.loads(examined(env, "--json"))["checks"]}
    print({name: (checks[name]["state"], checks[name]["said"]) for name in names})  # what a failed test shows
    return {str(checks[name]["state"]) for name in names}


def trainer(world: World, env: Mapping[str, str]) -> Process:
    """A trainer that nobody starts again."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    argv = [sys.executable, "-m", "headrace", "worker", "train"]
    return spawn(argv, env=own | env | {"PYTHONPATH": str(ROOT)}, log=world.folder / "train.log")


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as found:
        lines = found.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def send(world: World, first: int, count: int) -> None:
    """Send so many requests and wait until each is answered."""
    sender = world.sender()
    for n in range(first, first + count):
        sender.request(n)
    sender.flush()
    topic = topics.predictions(world.model)
    until(lambda: sum(1 for _ in read_all(world.kafka, topic)) >= first + count, f"{count} answers", 120)


def test_scoring_goes_on_without_all_the_others_and_each_that_is_away_is_told(world: World, proxy: Proxy) -> None:
    """Seen to fail when doctor takes an empty group for a worker, and when the metric of a waiting release stays 0."""
    env, registry, key = where(world, proxy), world.data / "registry", world.data / "keys" / "desk.pem"
    mine = (f"release of {world.model}", f"scorers of {world.model}")
    parts = (*mine, "sink", "trainer", "registry", "clickhouse", "signing key")
    scorer_port, sink_port = pick_free(2, besides=())
    scorer = world.scorer(HEADRACE_WORKER__HTTP_PORT=str(scorer_port))
    world.sink(HEADRACE_WORKER__HTTP_PORT=str(sink_port), HEADRACE_CLICKHOUSE__PORT=str(proxy.port))
    training = trainer(world, env)
    send(world, 0, 20)
    until(lambda: states(env, *parts) == {"ok"}, "all is well", 120)

    training.kill()
    training.wait()
    world.add_version("v2")
    news = world.document("v2")
    registry.rename(away := Path(f"{registry}.away"))
    key.rename(hidden := Path(f"{key}.away"))
    proxy.refuse()
    world.releases.append(news)
    world.publish(news)
    world.await_event("release-not-loaded", 120, release=release_id(news), reason="RegistryUnavailable")
    send(world, 20, 40)
    assert metric(scorer_port, "headrace_release_waits") == 1
    until(lambda: metric(sink_port, "headrace_sink_batches_not_written_total") > 0, "the sink tells", 120)
    assert metric(sink_port, "headrace_behind_seconds") > 0
    broken = tuple(name for name in parts if name not in (mine[1], "sink"))
    until(lambda: states(env, *broken) == {"failed"}, "what is away is told", 120)
    assert states(env, mine[1]) == {"ok"}
    told = examined(env, "--metrics")
    assert all(f'headrace_check_failed{{check="{name}"}} 1.0' in told for name in broken), told
    assert f'headrace_check_failed{{check="{mine[1]}"}} 0.0' in told

    away.rename(registry)
    hidden.rename(key)
    proxy.accept()
    training = trainer(world, env)
    try:
        world.await_event("release-loaded", 120, release=release_id(news))
        until(lambda: states(env, *parts) == {"ok"}, "all is well again", 120)
    finally:
        training.terminate()
        training.wait()
    query = f"SELECT sum(received) FROM blocks FINAL WHERE model = '{world.model}'"
    until(lambda: world.query(query)[0][0] == 60, "60 requests are in the ledger", 120)
    assert metric(scorer_port, "headrace_release_waits") == 0
    assert scorer.ends == [], "the scorer never had to be started again"
