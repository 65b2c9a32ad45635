"""`headrace explain` on a real broker and the real engine: rows went the way that the product's go."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from explain_world import PLAIN, ExplainWorld, features
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headrace.ledger.errors import RequestUnknown
from headrace.ledger.explaining import Explaining, Explanation
from headrace.ledger.finding import find
from headrace.ledger.rescoring import Rescoring
from headrace.ledger.restoring import columns
from headrace.release import TrustedKeys

DAYS = st.integers(-25_567, 120_529)  # 1900 to 2299
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "b": st.booleans(),
    "i": st.integers(-(2**31), 2**31 - 1),
    "l": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "d": st.floats(allow_nan=False, allow_infinity=False),
    "s": st.text(st.characters(exclude_categories=["Cs"])),
    "e": st.sampled_from(["ONE", "TWO"]),
    "day": DAYS,
    "at": st.integers(-25_567 * 86_400_000, 120_529 * 86_400_000),
    "exact": st.integers(-25_567 * 86_400_000_000, 120_529 * 86_400_000_000),
}
INPUTS = st.fixed_dictionaries(VALUES | {f"{name}_or_null": st.none() | drawn for name, drawn in VALUES.items()})


@pytest.fixture(scope="module")
def world(kafka: str, clickhouse: tuple[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExplainWorld]:
    made = ExplainWorld(kafka, clickhouse, tmp_path_factory.mktemp("explain"))
    made.digest = made.train("v1", 1)
    made.released = made.release("v1", made.digest, reason="first of its kind")
    yield made
    made.close()


def score(world: ExplainWorld, *rows: dict[str, Any], ids: list[str] | None = None) -> list[str]:
    ids = ids or [uuid4().hex for _ in rows]
    world.score(rows, ids, version="v1", digest=world.digest, release=world.released)
    return ids


def explain(world: ExplainWorld, request_id: str, model: str | None = None, **other: Any) -> list[Explanation]:
    trusted = TrustedKeys.read(world.folder / "keys" / "trusted")
    rescoring = Rescoring(world.registry, world.folder / "cache")
    parts = {"clickhouse": world.clickhouse, "trusted": trusted, "rescoring": rescoring} | other
    return Explaining(kafka=world.kafka, **parts).explain(request_id, model)


def test_an_answer_is_explained_down_to_who_approved_its_version_and_why(world: ExplainWorld) -> None:
    (request_id,) = score(world, features(d=0.1 + 0.2, s="żółw", i_or_null=None))
    (explanation,) = explain(world, request_id)
    told = explanation.as_dict()
    assert (told["model"], told["status"], told["version"], told["variant"]) == (world.model, "ok", "v1", "champion")
    assert (told["source_topic"], told["source_partition"]) == (f"{world.model}.requests", 1)
    assert (told["event_time"], told["entity"]) == ("2026-01-31T12:00:00.123000Z", "é")
    assert told["features"]["d"] == 0.1 + 0.2
    assert (told["features"]["s"], told["features"]["i_or_null"], told["features"]["e"]) == ("żółw", None, "TWO")
    assert (told["features"]["day"], told["features"]["exact"]) == ("1970-01-04", "1970-01-01T00:00:00.000005Z")
    release = told["release"]
    assert (release["id"], release["sequence"], release["actor"]) == (world.released, 0, "ada")
    assert (release["reason"], release["evidence"]) == ("first of its kind", {"metrics": {"auc": 0.75}})
    assert told["rescored"] == {"score": told["score"], "equal": True, "digest": world.digest, "problem": None}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(INPUTS, min_size=1, max_size=8))
def test_every_input_comes_back_from_clickhouse_as_the_very_columns_that_were_scored(
    world: ExplainWorld, rows: list[dict[str, Any]]
) -> None:
    ids = [uuid4().hex for _ in rows]
    requests = world.read(rows, ids)
    world.log(requests, np.zeros(len(rows)), version="v1", release=world.released)
    for row, request_id in enumerate(ids):
        (answer,) = find(world.clickhouse, request_id, world.model)
        restored = columns(world.features, answer.values)
        for name, column in requests.features.items():
            assert restored[name].type == column.type
            assert _bits(restored[name]) == _bits(column.slice(row, 1)), name


def _bits(column: Any) -> list[Any]:
    (value,) = column.to_pylist()
    return [value, math.copysign(1, value)] if isinstance(value, float) else [value]


def test_a_row_whose_score_was_changed_is_told_as_different(world: ExplainWorld) -> None:
    (request_id,) = score(world, features())
    (before,) = explain(world, request_id)
    assert before.rescored and before.rescored.score is not None
    world.clickhouse.run(
        f"ALTER TABLE {world.model}_predictions UPDATE score = {math.nextafter(before.rescored.score, 1)!r} "
        f"WHERE request_id = '{request_id}' SETTINGS mutations_sync = 2",
        doing="changing a score",
    )
    (after,) = explain(world, request_id)
    assert after.rescored and after.rescored.equal is False


def test_all_answers_to_a_request_that_was_sent_twice_are_listed_in_order(world: ExplainWorld) -> None:
    score(world, features(i=1), features(i=2), ids=["twice", "twice"])
    world.clickhouse.insert("rejections", _rejection(world, "twice"))
    found = explain(world, "twice")
    assert [one.answer.reason for one in found] == ["missing-feature: d is null", None, None]
    assert [one.input["i"] for one in found[1:]] == [1, 2]


def test_a_rejected_request_is_explained_by_its_reason(world: ExplainWorld) -> None:
    request_id = uuid4().hex
    world.clickhouse.insert("rejections", _rejection(world, request_id))
    (found,) = explain(world, request_id)
    told = found.as_dict()
    assert (told["status"], told["reason"], told["worker"]) == ("rejected", "missing-feature: d is null", "w1")


def _rejection(world: ExplainWorld, request_id: str) -> dict[str, list[Any]]:
    row = {
        "model": world.model,
        "source_topic": f"{world.model}.requests",
        "source_partition": 0,
        "source_offset": uuid4().int % 2**40,
        "request_id": request_id,
        "reason": "missing-feature: d is null",
        "worker": "w1",
        "scored_at": 1_600_000_000_000_000,
    }
    return {name: [value] for name, value in row.items()}


def test_a_model_that_was_not_meant_is_left_out(world: ExplainWorld) -> None:
    (request_id,) = score(world, features())
    assert len(explain(world, request_id, world.model)) == 1
    with pytest.raises(RequestUnknown, match="no answer to 'nobody'"):
        explain(world, "nobody", world.model)


def test_a_release_that_no_trusted_key_signed_explains_nothing(world: ExplainWorld, tmp_path: Path) -> None:
    (request_id,) = score(world, features())
    (found,) = explain(world, request_id, trusted=TrustedKeys.read(tmp_path))
    assert found.link is None
    assert found.rescored and "trusted keys" in (found.rescored.problem or "")


def test_a_bundle_with_one_byte_changed_is_not_scored_with(world: ExplainWorld, tmp_path: Path) -> None:
    (request_id,) = score(world, features())
    spoilt = tmp_path / "registry"
    shutil.copytree(world.folder / "registry", spoilt)
    file = spoilt / "bundles" / world.model / "v1" / "model.skops"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (found,) = explain(world, request_id, rescoring=Rescoring(type(world.registry).open(str(spoilt)), tmp_path / "c"))
    assert found.rescored and found.rescored.score is None
    assert "bytes were changed" in (found.rescored.problem or "")


def test_the_version_that_answered_scores_again_although_another_serves_now(
    kafka: str, clickhouse: tuple[str, int], tmp_path: Path
) -> None:
    world = ExplainWorld(kafka, clickhouse, tmp_path)
    digests = {version: world.train(version, seed) for seed, version in enumerate(("v1", "v2"))}
    rows = [features(d=0.3, f=0.4)]
    for version, digest in digests.items():
        world.score(rows, [version], version=version, digest=digest, release=world.release(version, digest))
    first, second = (explain(world, version)[0] for version in digests)
    assert first.rescored and second.rescored
    assert (first.rescored.equal, second.rescored.equal) == (True, True)
    assert first.rescored.score != second.rescored.score
    assert first.link and second.link
    assert (first.link.release.sequence, second.link.release.sequence) == (0, 1)
    world.close()


def command(world: ExplainWorld, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`headrace explain` as a process of its own."""
    where = {
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka.bootstrap,
        "HEADRACE_CLICKHOUSE__HOST": world.address.host,
        "HEADRACE_CLICKHOUSE__PORT": str(world.address.port),
        "HEADRACE_DATA_DIR": str(world.folder),
    }
    called = [sys.executable, "-c", "from headrace.cli.main import main; main()", "explain", *arguments]
    return subprocess.run(called, env=os.environ | where, capture_output=True, text=True, timeout=60)


def test_the_command_shows_an_answer_and_its_verdict(world: ExplainWorld) -> None:
    (request_id,) = score(world, features(s="[bold]not markup[/bold]"))
    done = command(world, request_id)
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.replace("│", " ").split())
    assert "equal bit for bit" in shown
    assert "[bold]not markup[/bold]" in shown
    assert "first of its kind" in shown


def test_the_command_prints_one_json_object(world: ExplainWorld) -> None:
    (request_id,) = score(world, features())
    done = command(world, request_id, "--json", "--model", world.model)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"][0]["features"]["i"] == PLAIN["i"]
    assert told["answers"][0]["rescored"]["equal"] is True


def test_the_command_says_that_it_does_not_know_a_request(world: ExplainWorld) -> None:
    done = command(world, "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("headrace: no answer to 'nobody' is in ClickHouse")
