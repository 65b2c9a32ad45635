"""A worker of an image with one bundle inside, and one that pins a parameter; both real, on a real broker."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy.local.kafka.ports import pick_free
from headrace import topics
from headrace.cli.main import cli
from headrace.errors import HeadraceError
from headrace.release import release_id
from tests.faults.checker import read_all
from tests.faults.worker import ROOT, until
from tests.faults.world import World


def typed(world: World, *arguments: str) -> Result:
    """`headrace ARGUMENTS --json` in this process."""
    env = {
        "HEADRACE_DATA_DIR": str(world.data),
        "HEADRACE_KAFKA__BOOTSTRAP": world.kafka,
        "HEADRACE_CLICKHOUSE__HOST": world.clickhouse[0],
        "HEADRACE_CLICKHOUSE__PORT": str(world.clickhouse[1]),
    }
    return CliRunner().invoke(cli, [*arguments, "--json"], env=env)


def headrace(world: World, *arguments: str) -> Any:
    """What `headrace ARGUMENTS --json` prints; it must succeed."""
    done = typed(world, *arguments)
    if isinstance(done.exception, HeadraceError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def answered(world: World, first: int, count: int) -> list[dict[str, Any]]:
    """Send so many requests and wait for their answers."""
    sender = world.sender()
    names = {f"r{n}" for n in range(first, first + count)}
    for n in range(first, first + count):
        sender.request(n, as_json=True)
    sender.flush()
    found: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        told = (json.loads(m.value() or b"") for m in read_all(world.kafka, topics.predictions(world.model)))
        found.update((answer["request_id"], answer) for answer in told if answer["request_id"] in names)
        return len(found) == count

    until(all_there, f"{count} answers", 120)
    return list(found.values())


def page(port: int, name: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as found:
        return str(found.read().decode())


def nowhere(folder: Path) -> str:
    """A registry that nobody can open: its folder would lie in a file."""
    (folder / "file").touch()
    return str(folder / "file" / "registry")


def test_a_worker_of_an_image_serves_its_one_bundle_without_a_registry_and_refuses_any_other(world: World) -> None:
    """Seen to fail when the digest is not compared, and when doctor does not look at what workers told."""
    image, away = world.folder / "image", nowhere(world.folder)
    written = headrace(world, "image", world.model, "v1", str(image))
    assert written["digest"] == world.registry.digest(world.model, "v1")
    (port,) = pick_free(1, besides=())
    scorer = world.scorer(
        HEADRACE_IMAGE_BUNDLE=str(image),
        HEADRACE_REGISTRY=away,
        HEADRACE_CACHE_DIR=str(world.folder / "machine"),
        HEADRACE_WORKER__HTTP_PORT=str(port),
    )
    assert {(one["version"], one["status"]) for one in answered(world, 0, 20)} == {("v1", "ok")}
    assert "headrace_release_waits 0.0" in page(port, "metrics")

    world.add_version("v2")
    refused = world.release("v2")
    world.await_event("release-not-loaded", 120, release=refused, reason="OtherBundle")
    (told,) = [event["detail"] for event in world.events("release-not-loaded")]
    assert f"image holds {world.model} v1" in told and f"names {world.model} v2" in told
    assert "headrace_release_waits 1.0" in page(port, "metrics")
    assert json.loads(page(port, "status"))["not_loaded"] == f"OtherBundle: {told}"
    (found,) = [
        check
        for check in json.loads(typed(world, "doctor").stdout)["checks"]
        if check["name"] == f"release of {world.model}"
    ]
    assert found["state"] == "failed" and f"score-a does not serve it: OtherBundle: {told}" in found["said"]
    first = release_id(world.releases[0])
    assert {(one["version"], one["release"]) for one in answered(world, 20, 20)} == {("v1", first)}

    world.releases.append(world.document("v1", action="set", parameters={"threshold": 0.0}))
    world.publish(world.releases[-1])
    world.await_event("release-loaded", 120, release=release_id(world.releases[-1]))
    assert {one["decision"] for one in answered(world, 40, 20)} == {True}
    assert "headrace_release_waits 0.0" in page(port, "metrics")
    assert json.loads(page(port, "status"))["not_loaded"] == ""
    assert scorer.ends == [], "it never had to be started again"


def test_a_pinned_parameter_decides_and_its_answers_its_event_and_a_replay_say_so(world: World) -> None:
    """Seen to fail without the answers' flags, and without what is pinned in the log blocks."""
    world.scorer(HEADRACE_PIN__THRESHOLD="0.0")
    world.sink()
    answers = answered(world, 0, 40)
    assert {(one["decision"], *one["flags"]) for one in answers} == {(True, "pinned:threshold=0.0")}
    assert min(one["scores"][0] for one in answers) < 0.5, "the release's threshold would have decided otherwise"
    (told,) = world.events("release-loaded")
    assert told["pinned"] == {"threshold": 0.0}
    query = f"SELECT sum(received) FROM blocks FINAL WHERE model = '{world.model}'"
    until(lambda: world.query(query)[0][0] == 40, "40 requests are in the ledger", 120)
    (explained,) = headrace(world, "explain", "r0", "--model", world.model)["answers"]
    assert explained["pinned"] == {"threshold": 0.0}
    replayed = headrace(world, "replay", world.model)
    assert (replayed["identical"], replayed["different"]) == (40, 0)


def test_a_folder_for_an_image_takes_one_bundle_and_is_tried_where_the_image_is_built(world: World) -> None:
    image = world.folder / "image"
    headrace(world, "image", world.model, "v1", str(image))
    headrace(world, "image", world.model, "v1", str(image))
    world.add_version("v2")
    with pytest.raises(HeadraceError, match="holds v1 already"):
        headrace(world, "image", world.model, "v2", str(image))

    def built() -> "subprocess.CompletedProcess[str]":
        """What the Dockerfile runs."""
        env = {"HEADRACE_IMAGE_BUNDLE": str(image), "HEADRACE_DATA_DIR": str(world.folder / "machine")}
        argv = [sys.executable, "-m", "headrace.image"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        env = own | env | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120)

    done = built()
    assert (done.returncode, done.stderr) == (0, "")
    (manifest,) = image.glob("bundles/*/*/manifest.json")
    manifest.write_text(manifest.read_text().replace('"scikit-learn": "', '"scikit-learn": "0.'))
    done = built()
    assert done.returncode == 2 and "the bundle was made with scikit-learn 0." in done.stderr
    manifest.unlink()
    done = built()
    assert done.returncode == 2 and "holds 0 bundles" in done.stderr
