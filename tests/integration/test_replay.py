"""Replay of what a real scorer and a real sink did, across a release; nothing live is touched by it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from headrace import topics
from headrace.errors import HeadraceError
from streams.replay.command import replay as command
from tests.faults.worker import until
from tests.faults.world import World

BAD = {"features": {"amount": None, "count": None, "night": True, "colour": "red", "side": "left"}}


def where(world: World) -> dict[str, str]:
    return {
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka,
        "HEADRACE_CLICKHOUSE__HOST": world.clickhouse[0],
        "HEADRACE_CLICKHOUSE__PORT": str(world.clickhouse[1]),
        "HEADRACE_DATA_DIR": str(world.data),
    }


def replay(world: World, *arguments: str, **env: str) -> tuple[int, Any]:
    """Exit code, and the JSON that was printed, or what was said."""
    done = CliRunner().invoke(command, arguments, env=where(world) | env)
    if isinstance(done.exception, HeadraceError):
        return 2, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout) if "--json" in arguments else done.output


def ends(kafka: str) -> dict[str, list[tuple[int, int]]]:
    """First and next offset of every partition there is."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "looking-on"})
    try:
        found = consumer.list_topics(timeout=20).topics
        return {
            name: [consumer.get_watermark_offsets(TopicPartition(name, part), timeout=20) for part in topic.partitions]
            for name, topic in sorted(found.items())
            if not name.startswith("__")
        }
    finally:
        consumer.close()


def groups(kafka: str) -> set[str]:
    admin = AdminClient({"bootstrap.servers": kafka})  # held: one that goes away meanwhile leaves an empty list
    listed = admin.list_consumer_groups().result(20)
    assert listed.valid and not listed.errors
    return {group.group_id for group in listed.valid}


@pytest.fixture(scope="module")
def lived(kafka: str, clickhouse: tuple[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """300 requests answered by v1, 300 by v2, some rejected; the workers are gone."""
    world = World(tmp_path_factory.mktemp("lived") / "world", kafka, clickhouse)
    try:
        live(world)
        yield world
    finally:
        world.close()


def live(world: World) -> None:
    world.add_version("v2")
    scorer, sink, sender = world.scorer(), world.sink(), world.sender()

    def send(first: int) -> None:
        for n in range(first, first + 300):
            sender.request(n, as_json=n % 3 == 0)
            if n % 100 == 0:
                bad = BAD | {"request_id": f"bad{n}", "event_time": n, "entity": "k"}
                sender.send(json.dumps(bad).encode(), name=f"bad{n}", key="k", expect="rejected")
        sender.send(b"no request", name=None, key="k", expect="unidentified")
        sender.flush()

    send(0)
    until(lambda: received(world) == 304, "304 requests are in the ledger")
    world.release("v2")
    until(lambda: scorer.said("release-loaded") == 2, "v2 is loaded")
    send(300)
    until(lambda: received(world) == 608, "608 requests are in the ledger")
    for worker in (scorer, sink):
        worker.stop()


def received(world: World) -> int:
    query = f"SELECT sum(received) FROM blocks FINAL WHERE model = '{world.model}'"
    return int(world.query(query)[0][0])


def test_requests_across_a_release_are_answered_the_same_bit_for_bit(lived: World, tmp_path: Path) -> None:
    before, known = ends(lived.kafka), groups(lived.kafka)
    code, told = replay(lived, lived.model, "--output", str(tmp_path / "out.parquet"), "--json")
    assert (code, told["replayed"], told["identical"], told["rejected_alike"]) == (0, 608, 600, 8)
    assert (told["different"], told["not_replayed"], told["waiting"], told["differing"]) == (0, 0, 0, [])
    assert ends(lived.kafka) == before, "a topic was written to"
    assert groups(lived.kafka) <= known, "a group was made"
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(rows) == 608 and {row["then_version"] for row in rows} == {"v1", "v2", None}
    assert all(row["then_score"] == row["now_score"] for row in rows)
    code, said = replay(lived, lived.model, "--output", str(tmp_path / "out.parquet"))
    assert code == 2 and "there is something already" in said


def test_the_command_says_it_in_one_sentence_and_by_its_exit_code(lived: World) -> None:
    called = [sys.executable, "-m", "headrace", "replay", lived.model]
    done = subprocess.run(called, env=os.environ | where(lived), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "every answer came out the same, bit for bit" in done.stdout
    called[-1] = "nobody"
    done = subprocess.run(called, env=os.environ | where(lived), capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.startswith("headrace: the topic nobody.requests does not exist")


def test_an_answer_that_was_another_is_shown_with_its_place_and_both_scores(lived: World) -> None:
    """Only the last bits of a score in ClickHouse are changed."""
    table = f"{lived.model}_predictions"
    forged = f"INSERT INTO {table} SELECT * REPLACE (%s AS score) FROM {table} FINAL WHERE request_id = 'r7'"
    ((true,),) = lived.query(f"SELECT score FROM {table} FINAL WHERE request_id = 'r7'")
    lived.query(forged % "score * (1 + 1e-15)")
    code, told = replay(lived, lived.model, "--json")
    assert (code, told["different"], told["identical"]) == (1, 1, 599)
    (row,) = told["differing"]
    assert row["request_id"] == "r7" and row["source_offset"] >= 0
    assert row["then_score"] != row["now_score"] and abs(row["then_score"] - row["now_score"]) < 1e-14
    code, said = replay(lived, lived.model)
    assert code == 1 and "r7" in said and "1 came out differently" in said
    lived.query(forged % repr(true))


def test_a_part_is_chosen_by_offset_by_time_and_by_partition(lived: World) -> None:
    (whole,) = (len(range(*span)) for span in [ends(lived.kafka)[topics.requests(lived.model)][1]])
    code, told = replay(lived, lived.model, "--partition", "1", "--from", "10", "--until", "40", "--json")
    assert (code, told["replayed"], len(told["partitions"])) == (0, 30, 1)
    code, told = replay(lived, lived.model, "--partition", "1", "--from", "2020-01-01", "--json")
    assert (code, told["replayed"]) == (0, whole)
    code, told = replay(lived, lived.model, "--from", "2999-01-01T00:00:00Z", "--json")
    assert (code, told["replayed"]) == (0, 0)
    code, said = replay(lived, lived.model, "--partition", "7")
    assert code == 2 and "has no partition 7; it has 0, 1" in said
    code, said = replay(lived, lived.model, "--from", "yesterday")
    assert code == 2 and "neither an offset nor a time" in said


def test_another_version_or_threshold_shows_what_would_be_decided_otherwise(lived: World) -> None:
    code, told = replay(lived, lived.model, "--version", "v2", "--json")
    assert (code, told["replayed"], told["not_replayed"]) == (0, 608, 0)
    assert sum(told["decisions"].values()) > 0 and told["score_distance"]["largest"] > 0
    query = f"SELECT count() FROM {lived.model}_predictions FINAL WHERE (score >= 0.4) != decision"
    code, told = replay(lived, lived.model, "--threshold", "0.4", "--json")
    assert (code, sum(told["decisions"].values())) == (0, lived.query(query)[0][0])
    assert set(told["decisions"]) <= {"no → yes"}
    code, said = replay(lived, lived.model, "--version", "v9")
    assert code == 2 and "v9 is not in the registry" in said


def test_what_cannot_be_replayed_is_counted_with_its_reason(lived: World, tmp_path: Path) -> None:
    query = f"SELECT count() FROM {lived.model}_predictions FINAL WHERE version = 'v1'"
    of_v1 = lived.query(query)[0][0]
    shutil.copytree(lived.data / "registry", tmp_path / "registry")
    shutil.rmtree(tmp_path / "registry" / "bundles" / lived.model / "v1")
    elsewhere = {"HEADRACE_REGISTRY": str(tmp_path / "registry"), "HEADRACE_CACHE_DIR": str(tmp_path / "empty")}
    code, told = replay(lived, lived.model, "--json", **elsewhere)
    assert code == 1 and told["identical"] == 600 - of_v1
    ((why, number),) = told["why"].items()
    assert "cannot be loaded here" in why and "is not in the registry" in why and number >= of_v1
    code, told = replay(lived, lived.model, "--json", HEADRACE_TRUSTED_KEYS=str(tmp_path / "none"))
    assert (code, told["replayed"], told["not_replayed"]) == (1, 0, 608)
    assert all("not in the chain" in why for why in told["why"])


def test_requests_without_an_answer_yet_are_waiting_and_no_fault(make_world: Any) -> None:
    world = make_world()
    sender = world.sender()
    for n in range(10):
        sender.request(n)
    sender.flush()
    code, told = replay(world, world.model, "--json")
    assert (code, told["replayed"], told["waiting"]) == (0, 0, 10)
