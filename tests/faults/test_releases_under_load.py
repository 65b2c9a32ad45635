"""Releases while requests flow: good ones are swapped in between two batches, bad ones change nothing and are told."""

import json
from dataclasses import replace
from pathlib import Path

import skops.io
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headrace import bundle
from headrace.release import Release, Variant, sign
from tests.faults.tinymodel import draft
from tests.faults.worker import until
from tests.faults.world import World
from tests.unit.bundle.making import Canary, with_model


def test_every_answer_is_of_a_version_released_before_while_versions_are_swapped(world: World) -> None:
    """Two scorers, three swaps, the last one back to the first version; the checker computes each score by hand.

    Seen to fail with the serving read from the slot again when outputs are written: answers of the new version with
    scores of the old one.
    """
    scorers = [world.scorer("score-a"), world.scorer("score-b")]
    world.sink()
    for version in ("v2", "v3"):
        world.add_version(version)
    until(lambda: all(scorer.said("partitions-assigned") for scorer in scorers), "both scorers read")
    sending = world.sending(rate=300)
    until(lambda: _answered(world, "v1"), "answers of v1")
    for version in ("v2", "v3", "v1"):
        release = world.release(version)
        for scorer in scorers:
            until(lambda scorer=scorer, release=release: scorer.said(f"release={release}"), f"{version} is loaded")  # type: ignore[misc]
        until(lambda release=release: _served(world, release), f"answers of {version}")  # type: ignore[misc]
    sending.stop()
    report = world.check()
    assert report["faults"] == {}
    assert set(report["versions"]) == {"v1", "v2", "v3"}
    assert report["ok"] == report["sent"] == report["rows"] > 500


def test_a_bundle_with_one_byte_changed_and_one_with_foreign_code_never_run(world: World, tmp_path: Path) -> None:
    """Both hold a canary that writes a file when it is loaded; both releases are signed. The old model serves on.

    Seen to fail without the comparison of digests: the reason is another one, of what stands behind it.
    """
    canary = tmp_path / "canary"
    scorer = world.scorer()
    world.sink()
    sending = world.sending(rate=100)
    until(lambda: _answered(world, "v1"), "answers of v1")
    _add_canary(world, "v2", canary)
    _flip_a_byte(world.data / "registry" / "bundles" / world.model / "v2" / "model.skops")
    world.release("v2")
    world.await_event("release-not-loaded", sequence=1, reason="DigestMismatch")
    _add_canary(world, "v3", canary)
    world.release("v3")
    world.await_event("release-not-loaded", sequence=2, reason="UntrustedModel")
    sending.stop()
    report = world.check()
    assert not canary.exists()
    assert scorer.ends == []
    assert report["faults"] == {}
    assert report["versions"] == {"v1": report["sent"]}
    _prove_that_the_canary_sings(world.folder / "bundles" / "v3" / "model.skops", canary)


def test_a_release_replayed_reordered_unsigned_edited_or_of_a_foreign_key_changes_nothing(world: World) -> None:
    """Seen to fail with the signature unchecked, and with the predecessor unchecked: v2 is taken before its release."""
    world.scorer()
    world.sink()
    world.add_version("v2")
    sending = world.sending(rate=100)
    until(lambda: _answered(world, "v1"), "answers of v1")
    good = world.document("v2")
    refused = {
        "replayed": world.releases[0],
        "wrong-predecessor": world.document("v2", sequence=2, predecessor="ab" * 32),
        "unsigned": _respelt(good, signature=""),
        "bad-signature": good.replace(b"to see what happens", b"to see what happenz"),
        "unknown-key": _signed_by_another(world),
        "malformed": b"{",
    }
    for reason, message in refused.items():
        world.publish(message)
        world.await_event("release-refused", reason=reason)
    assert not _answered(world, "v2")
    release = world.release("v2")
    until(lambda: _served(world, release), "the true release of v2 is served")
    sending.stop()
    report = world.check()
    assert len(world.events("release-refused")) == len(refused)
    assert report["faults"] == {}
    assert set(report["versions"]) == {"v1", "v2"}
    assert world.query(f"SELECT uniqExact(release) FROM {world.model}_predictions") == [(2,)]


def _answered(world: World, version: str) -> int:
    return int(world.query(f"SELECT count() FROM {world.model}_predictions WHERE version = '{version}'")[0][0])


def _served(world: World, release: str) -> int:
    return int(world.query(f"SELECT count() FROM {world.model}_predictions WHERE release = '{release}'")[0][0])


def _add_canary(world: World, version: str, path: Path) -> None:
    folder = world.folder / "bundles" / version
    bundle.write(folder, draft(world.model, version)[0])
    with_model(folder, Canary(str(path)))
    world.registry.put_bundle(folder)


def _flip_a_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(raw)


def _prove_that_the_canary_sings(model: Path, canary: Path) -> None:
    skops.io.loads(model.read_bytes(), trusted=[f"{Canary.__module__}.{Canary.__qualname__}"])
    assert canary.read_text() == "loaded"


def _respelt(message: bytes, **changes: str) -> bytes:
    return json.dumps(json.loads(message) | changes, sort_keys=True, separators=(",", ":")).encode()


def _signed_by_another(world: World) -> bytes:
    document = json.loads(world.document("v2"))["document"]
    variants = tuple(Variant(**variant) for variant in document.pop("variants"))
    return sign(replace(Release(variants=variants, **document), key_id=""), Ed25519PrivateKey.generate())
