"""Loading a bundle: the order of the checks is the protection."""

import json
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from headrace import bundle
from headrace.bundle import Manifest, errors, libraries
from headrace.bundle.trusted import PARTS, trusted
from tests.unit.bundle import making


@pytest.mark.parametrize("estimator", [making.linear, making.trees])
def test_what_was_written_is_loaded_and_gives_the_very_scores(tmp_path: Path, estimator: object) -> None:
    draft = making.draft(estimator())  # type: ignore[operator]
    digest = bundle.write(tmp_path / "b", draft)
    loaded = bundle.load(tmp_path / "b", digest)
    inputs = making.columns(100, seed=5)
    matrix = draft.encoder.matrix(inputs)
    assert np.allclose(loaded.predictor.scores(inputs, 100), draft.estimator.predict_proba(matrix)[:, 1], atol=1e-12)
    assert np.array_equal(loaded.predictor.scores(loaded.golden.columns, 40), loaded.golden.scores)
    assert loaded.manifest.metrics == {"auc": 0.9} and loaded.features == making.FEATURES


@pytest.mark.parametrize("name", ["manifest.json", "model.skops", "golden.arrow", "features.avsc", "reference.json"])
def test_one_changed_byte_in_any_file_is_refused(tmp_path: Path, name: str) -> None:
    digest = making.make(tmp_path / "b")
    raw = bytearray((tmp_path / "b" / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "b" / name).write_bytes(raw)
    with pytest.raises(errors.DigestMismatch):
        bundle.load(tmp_path / "b", digest)


def test_a_manifest_that_fits_its_files_but_was_not_approved_is_refused(tmp_path: Path) -> None:
    digest = making.make(tmp_path / "b")
    other = making.with_manifest(tmp_path / "b", metrics={"auc": 0.99})
    assert bundle.load(tmp_path / "b", other)
    with pytest.raises(errors.DigestMismatch, match="the release names"):
        bundle.load(tmp_path / "b", digest)


def test_a_truncated_or_missing_or_linked_file_is_refused(tmp_path: Path) -> None:
    digest = making.make(tmp_path / "b")
    model = tmp_path / "b" / "model.skops"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    with pytest.raises(errors.DigestMismatch):
        bundle.load(tmp_path / "b", digest)
    model.unlink()
    with pytest.raises(errors.BundleMissing):
        bundle.load(tmp_path / "b", digest)
    (tmp_path / "elsewhere").write_bytes(whole)
    model.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.BundleMissing):
        bundle.load(tmp_path / "b", digest)
    with pytest.raises(errors.BundleMissing):
        bundle.load(tmp_path / "nothing", digest)


def test_a_canary_never_runs(tmp_path: Path) -> None:
    """The payload writes a file when it is loaded; it does so when trusted, which shows that the canary lives."""
    digest, sign_of_life = making.make(tmp_path / "b"), tmp_path / "canary"
    raw = skops.io.dumps(making.Canary(str(sign_of_life)))
    skops.io.loads(raw, trusted=["tests.unit.bundle.making.Canary"])
    assert sign_of_life.exists()
    sign_of_life.unlink()
    (tmp_path / "b" / "model.skops").write_bytes(raw)
    with pytest.raises(errors.DigestMismatch):
        bundle.load(tmp_path / "b", digest)
    fitting = making.with_file(tmp_path / "b", "model.skops", raw)
    with pytest.raises(errors.UntrustedModel, match="Canary"):
        bundle.load(tmp_path / "b", fitting)
    with pytest.raises(errors.UntrustedModel, match="Canary"):
        bundle.verify(tmp_path / "b", fitting)
    assert not sign_of_life.exists()


def test_a_function_of_the_bundles_choice_is_refused(tmp_path: Path) -> None:
    making.make(tmp_path / "b")
    digest = making.with_model(tmp_path / "b", FunctionTransformer(making.labels))
    with pytest.raises(errors.UntrustedModel, match="labels"):
        bundle.load(tmp_path / "b", digest)


def test_a_file_that_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    making.make(tmp_path / "b")
    digest = making.with_file(tmp_path / "b", "model.skops", b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(errors.UntrustedModel):
        bundle.load(tmp_path / "b", digest)


def test_a_bundle_over_the_size_cap_is_refused_before_its_files_are_read(tmp_path: Path) -> None:
    digest = making.make(tmp_path / "b")
    (tmp_path / "b" / "model.skops").unlink()
    with pytest.raises(errors.BundleTooLarge):
        bundle.load(tmp_path / "b", digest, size_cap=100)


def test_other_library_versions_are_refused_by_name(tmp_path: Path) -> None:
    making.make(tmp_path / "b")
    digest = making.with_manifest(tmp_path / "b", libraries={**libraries.present(), "scikit-learn": "1.0"})
    with pytest.raises(errors.LibraryMismatch, match=r"scikit-learn 1\.0 \(here: "):
        bundle.load(tmp_path / "b", digest)


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "a/b.json", "..", "manifest.json", "A.json", ".x", ""])
def test_a_name_in_the_manifest_that_is_no_plain_name_is_refused(tmp_path: Path, name: str) -> None:
    making.make(tmp_path / "b")
    files = Manifest.read(tmp_path / "b").files
    digest = making.with_manifest(tmp_path / "b", files={**files, name: files["card.md"]})
    with pytest.raises(errors.ManifestMalformed):
        bundle.load(tmp_path / "b", digest)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "../x"),
        ("version", "v0"),
        ("framework", "pickle"),
        ("unknown", 1),
        ("files", {}),
        ("encoder", {"names": ["x"], "vocabularies": {}}),
    ],
)
def test_a_manifest_that_does_not_say_what_it_must_is_refused(tmp_path: Path, field: str, value: object) -> None:
    making.make(tmp_path / "b")
    raw = json.loads((tmp_path / "b" / "manifest.json").read_bytes())
    with pytest.raises(errors.ManifestMalformed):
        Manifest.parse(json.dumps({**raw, field: value}).encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b"{" * 100_000, b"[" * 100_000])
def test_bytes_that_are_no_manifest_are_refused(raw: bytes) -> None:
    with pytest.raises(errors.ManifestMalformed):
        Manifest.parse(raw)


def test_a_bundle_is_written_once_and_needs_golden_vectors(tmp_path: Path) -> None:
    making.make(tmp_path / "b")
    with pytest.raises(errors.BundleError, match="not empty"):
        making.make(tmp_path / "b")


def test_the_trainer_is_told_of_a_type_that_no_worker_loads(tmp_path: Path) -> None:
    from headrace.bundle import modelfile

    with pytest.raises(errors.UntrustedModel, match="Canary"):
        modelfile.dumps(making.Canary())


def test_the_list_of_estimators_is_that_of_the_locked_scikit_learn() -> None:
    from skops.io._trusted_types import SKLEARN_ESTIMATOR_TYPE_NAMES

    estimators = {name for name in trusted() if name not in PARTS}
    assert estimators == set(SKLEARN_ESTIMATOR_TYPE_NAMES)
