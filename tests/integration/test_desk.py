"""The desk on a real broker."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.desk.command import release as command
from deploy.desk.desk import Desk
from deploy.desk.errors import NothingToRollBackTo, NotTaken, Overtaken
from headrace import topics
from headrace.bundle import Prober
from headrace.bundle import errors as bundle_errors
from headrace.errors import HeadraceError
from headrace.kafka.clients import KafkaAddress
from headrace.registry import Registry, UnknownVersion
from headrace.release import Link, create_private, read_private, sign, trust
from tests.unit.bundle import making
from tests.unit.release.signing import STRANGER, release


@pytest.fixture(scope="module")
def address(kafka: str) -> KafkaAddress:
    admin = AdminClient({"bootstrap.servers": kafka})
    if topics.RELEASES not in admin.list_topics(timeout=20).topics:
        admin.create_topics([NewTopic(topics.RELEASES, 1, 1)])[topics.RELEASES].result(20)
    return KafkaAddress(bootstrap=kafka)


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Iterator[str]:
    """A model of the test's own, since all tests share the topic."""
    yield f"m{abs(hash(request.node.name)) % 10**9}_{datetime.now(UTC):%H%M%S%f}"


@pytest.fixture
def desk(tmp_path: Path, address: KafkaAddress, model: str) -> Desk:
    registry = Registry.open(str(tmp_path / "registry"))
    for version in ("v1", "v2"):
        making.make(tmp_path / version, model=model, version=version)
        registry.put_bundle(tmp_path / version)
    trust(tmp_path / "trusted", create_private(tmp_path / "desk.pem").public_key())
    return Desk(
        kafka=address,
        registry=registry,
        cache=tmp_path / "cache",
        key_file=tmp_path / "desk.pem",
        trusted_folder=tmp_path / "trusted",
        actor="operator",
    )


def append(address: KafkaAddress, model: str, *messages: bytes) -> None:
    producer = Producer({"bootstrap.servers": address.bootstrap})
    for message in messages:
        producer.produce(topics.RELEASES, key=model, value=message)
    assert producer.flush(20) == 0


def versions(desk: Desk, model: str) -> list[str]:
    return [link.release.champion.version for link in desk.page(model).chain.history]


def test_approve_approve_rollback_makes_a_chain(desk: Desk, model: str) -> None:
    first = desk.approve(model, "v1", reason="the first")
    second = desk.approve(model, "v2", reason="better", threshold=0.25)
    third = desk.rollback(model, reason="worse after all")
    assert [link.release.sequence for link in (first, second, third)] == [0, 1, 2]
    assert third.release.predecessor == second.id and third.release.action == "rollback"
    assert (third.release.variants, third.release.threshold) == (first.release.variants, 0.5)
    assert third.release.evidence["restores"] == first.id and third.release.evidence["metrics"] == {"auc": 0.9}
    assert desk.page(model).chain.head == third
    assert desk.rollback(model, to=second.id[:12], reason="it was right").release.threshold == 0.25
    with pytest.raises(NothingToRollBackTo, match="v7"):
        desk.rollback(model, to="v7", reason="?")


def test_of_two_desks_at_once_one_wins_and_the_other_is_told(desk: Desk, model: str) -> None:
    """The clock is read between reading the head and publishing: both desks stand there together."""
    meeting = threading.Barrier(2, timeout=120)

    def clock() -> datetime:
        meeting.wait()
        return datetime.now(UTC)

    outcomes: list[Link | HeadraceError] = []

    def decide(actor: str, version: str) -> None:
        own = replace(desk, actor=actor, clock=clock, prober=Prober())
        try:
            outcomes.append(own.approve(model, version, reason=f"{actor} says so"))
        except HeadraceError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=decide, args=pair) for pair in (("one", "v1"), ("two", "v2"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(outcome for outcome in outcomes if isinstance(outcome, Link))
    loser = next(outcome for outcome in outcomes if not isinstance(outcome, Link))
    assert isinstance(loser, Overtaken)
    assert winner.short in str(loser) and f"by {winner.release.actor}" in str(loser)
    page = desk.page(model)
    assert page.chain.history == (winner,) and [e.verdict.reason for e in page.entries] == ["", "wrong-predecessor"]


def test_edited_replayed_reordered_and_foreign_documents_change_nothing(desk: Desk, model: str) -> None:
    link = desk.approve(model, "v1", reason="the first")
    good = desk.page(model).entries[0].message
    skipping = sign(release(model=model, sequence=5, predecessor="f" * 64), read_private(desk.key_file))
    append(
        desk.kafka,
        model,
        good,
        good.replace(b"the first", b"the worst"),
        skipping,
        sign(release(model=model, sequence=1, predecessor=link.id), STRANGER),
        b"not a release",
        sign(release(model="flights"), read_private(desk.key_file)),
    )
    page = desk.page(model)
    assert [entry.verdict.reason for entry in page.entries] == [
        "", "replayed", "bad-signature", "wrong-predecessor", "unknown-key", "malformed", "wrong-model",
    ]  # fmt: skip
    assert page.chain.head == link
    assert desk.approve(model, "v2", reason="goes on").release.sequence == 1


def test_a_version_that_is_not_there_or_does_not_hold_is_not_approved(tmp_path: Path, desk: Desk, model: str) -> None:
    with pytest.raises(UnknownVersion, match="v3"):
        desk.approve(model, "v3", reason="?")
    folder, canary = tmp_path / "evil", tmp_path / "canary"
    making.make(folder, model=model, version="v4")
    making.with_model(folder, making.Canary(str(canary)))
    desk.registry.put_bundle(folder)
    with pytest.raises(bundle_errors.UntrustedModel):
        desk.approve(model, "v4", reason="?")
    assert not canary.exists() and desk.page(model).entries == ()


def test_a_version_ten_times_as_slow_as_the_present_one_is_approved_only_on_purpose(
    tmp_path: Path, desk: Desk, model: str
) -> None:
    making.slow(tmp_path / "slow", 4000, model=model, version="v3")
    desk.registry.put_bundle(tmp_path / "slow")
    desk.approve(model, "v1", reason="the first")
    with pytest.raises(bundle_errors.TooSlow, match="--slower"):
        desk.approve(model, "v3", reason="?")
    assert len(desk.page(model).entries) == 1
    evidence = desk.approve(model, "v3", reason="it is worth it", slower=True).release.evidence
    assert evidence["verified"]["us_per_row"] > 10 * evidence["replaced"]["us_per_row"]
    assert desk.rollback(model, reason="it was not").release.champion.version == "v1"


def test_a_desk_that_its_own_folder_does_not_trust_is_told(tmp_path: Path, desk: Desk, model: str) -> None:
    for path in desk.trusted_folder.iterdir():
        path.unlink()
    with pytest.raises(NotTaken, match="unknown-key"):
        desk.approve(model, "v1", reason="?")


def test_the_commands_on_the_same_topic(
    tmp_path: Path, desk: Desk, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "KAFKA__BOOTSTRAP": desk.kafka.bootstrap,
        "REGISTRY": str(tmp_path / "registry"),
        "CACHE_DIR": str(tmp_path / "cache"),
        "SIGNING_KEY": str(tmp_path / "keys" / "desk.pem"),
        "TRUSTED_KEYS": str(tmp_path / "keys" / "trusted"),
        "ACTOR": "operator",
    }
    monkeypatch.chdir(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(f"HEADRACE_{name}", value)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(command, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def parsed(*arguments: str) -> Any:
        return json.loads(run(*arguments, "--json").output)

    assert "desk.pem" in run("key").output
    approved = parsed("approve", model, "v1", "--reason", "looks good", "--threshold", "0.3")
    assert (approved["parameters"], approved["actor"]) == ({"threshold": 0.3}, "operator")
    assert parsed("show", model)["id"] == approved["id"]
    text = run("log", model).output
    assert text.startswith(f"release {approved['id']}\nAction:  approve v1\n") and "    looks good" in text
    append(desk.kafka, model, b"noise")
    verified = run("verify", model)
    assert verified.exit_code == 0 and "malformed" in verified.output and "1 releases hold" in verified.output
    # Without the key nothing holds any more, and verify says so with its exit code.
    for path in (tmp_path / "keys" / "trusted").iterdir():
        path.unlink()
    assert run("verify", model).exit_code == 1
