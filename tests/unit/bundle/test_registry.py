"""The registry: write-once, and a cache that holds whole bundles or none."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headrace import bundle
from headrace.bundle import errors
from headrace.registry import (
    AlreadyRegistered,
    Registry,
    RegistryError,
    RegistryUnavailable,
    UnknownSchema,
    UnknownVersion,
)
from tests.unit.bundle import making


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(str(tmp_path / "registry"))


def test_a_bundle_comes_back_as_it_was_put(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    assert registry.put_bundle(tmp_path / "b") == digest == registry.digest("flights", "v1")
    folder = registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")
    assert folder == tmp_path / "cache" / digest
    assert bundle.load(folder, digest).manifest == registry.manifest("flights", "v1")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [digest]


def test_versions_are_claimed_by_one_caller_each(registry: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: registry.next_version("flights"), range(24)))
    assert sorted(claimed, key=lambda v: int(v[1:])) == [f"v{n}" for n in range(1, 25)]
    assert registry.next_version("fraud") == "v1"
    assert registry.versions("flights") == ()


def test_versions_are_listed_by_number_once_they_are_whole(tmp_path: Path, registry: Registry) -> None:
    for version in ("v10", "v2"):
        making.make(tmp_path / version, version=version)
        registry.put_bundle(tmp_path / version)
    assert registry.versions("flights") == ("v2", "v10")
    assert registry.next_version("flights") == "v11"


def test_a_version_is_written_once(tmp_path: Path, registry: Registry) -> None:
    making.make(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    making.make(tmp_path / "other", code_revision="abc")
    with pytest.raises(AlreadyRegistered):
        registry.put_bundle(tmp_path / "other")


def test_a_put_that_was_cut_short_can_be_repeated_and_shows_nothing_before(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    place = tmp_path / "registry" / "bundles" / "flights" / "v1"
    registry.put_bundle(tmp_path / "b")
    (place / "manifest.json").unlink()
    (place / "card.md").unlink()
    assert registry.versions("flights") == ()
    with pytest.raises(UnknownVersion):
        registry.digest("flights", "v1")
    assert registry.put_bundle(tmp_path / "b") == digest


def test_a_spoilt_bundle_is_not_put(tmp_path: Path, registry: Registry) -> None:
    making.make(tmp_path / "b")
    (tmp_path / "b" / "model.skops").write_bytes(b"x")
    with pytest.raises(errors.DigestMismatch):
        registry.put_bundle(tmp_path / "b")


def test_a_version_that_was_changed_in_the_registry_is_not_fetched(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    place = tmp_path / "registry" / "bundles" / "flights" / "v1"
    whole = (place / "model.skops").read_bytes()
    (place / "model.skops").write_bytes(whole[:-1] + b"\x01")
    with pytest.raises(errors.DigestMismatch):
        registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")
    (place / "model.skops").write_bytes(whole + b"more")
    with pytest.raises(RegistryError, match="at most"):
        registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(errors.DigestMismatch, match="not the bundle that was approved"):
        registry.fetch_bundle("flights", "v1", "0" * 64, tmp_path / "cache")


def test_a_good_copy_in_the_cache_serves_when_the_registry_is_away(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    folder = registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")
    shutil.rmtree(tmp_path / "registry")
    assert registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache") == folder
    (folder / "model.skops").write_bytes(b"")
    with pytest.raises(RegistryError):
        registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")


def test_a_spoilt_copy_in_the_cache_is_fetched_anew(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    folder = registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache")
    (folder / "model.skops").write_bytes(b"spoilt")
    assert bundle.load(registry.fetch_bundle("flights", "v1", digest, tmp_path / "cache"), digest)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [digest]


def test_many_workers_of_one_cache_fetch_at_once(tmp_path: Path, registry: Registry) -> None:
    digest = making.make(tmp_path / "b")
    registry.put_bundle(tmp_path / "b")
    with ThreadPoolExecutor(8) as pool:
        cache = tmp_path / "cache"
        folders = set(pool.map(lambda _: registry.fetch_bundle("flights", "v1", digest, cache), range(16)))
    assert folders == {cache / digest}
    assert [path.name for path in cache.iterdir()] == [digest]


@pytest.mark.parametrize(("model", "version"), [("flights", "v9"), ("../etc", "v1"), ("flights", "../v1")])
def test_an_unknown_version_is_named(registry: Registry, model: str, version: str) -> None:
    registry.put_schema(making.FEATURES.schema)
    with pytest.raises(UnknownVersion, match="v"):
        registry.manifest(model, version)


def test_a_registry_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryUnavailable, match="cannot be opened"):
        Registry.open(str(tmp_path / "file"))
    with pytest.raises(RegistryUnavailable, match="cannot be opened"):
        Registry.open("nonsense://x")


def test_writer_schemas_are_kept_by_fingerprint(tmp_path: Path, registry: Registry) -> None:
    mark = registry.put_schema(making.FEATURES.schema)
    assert registry.put_schema(making.FEATURES.schema) == mark and len(mark) == 8
    assert registry.schema(mark) == making.FEATURES.schema
    with pytest.raises(UnknownSchema, match="0000000000000000"):
        registry.schema(bytes(8))
    (tmp_path / "registry" / "schemas" / f"{mark.hex()}.avsc").write_text('"string"')
    with pytest.raises(RegistryError, match="was changed"):
        registry.schema(mark)


def test_a_folder_that_is_away_is_no_empty_registry(tmp_path: Path) -> None:
    """Else a worker would reject requests as of an unknown schema while nobody knows."""
    place = tmp_path / "registry"
    early = Registry.open(str(place))
    mark = early.put_schema(making.FEATURES.schema)
    place.rename(tmp_path / "away")
    for registry in (early, Registry.open(str(place))):
        with pytest.raises(RegistryUnavailable, match="not mounted"):
            registry.schema(mark)
        with pytest.raises(RegistryUnavailable, match="not mounted"):
            registry.manifest("flights", "v1")
        assert not place.exists(), "looking makes no folder"
    (tmp_path / "away").rename(place)
    assert early.schema(mark) == making.FEATURES.schema
