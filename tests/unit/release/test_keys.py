"""Key files."""

from pathlib import Path

import pytest

from headrace.release import TrustedKeys, create_private, key_id, read_private, trust
from headrace.release.errors import KeyUnusable


def test_a_new_key_is_the_owner_s_alone_and_can_be_trusted(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "desk.pem"
    key = create_private(path)
    assert path.stat().st_mode & 0o777 == 0o600
    public = trust(tmp_path / "trusted", key.public_key())
    assert public.name == f"{key_id(key.public_key())}.pem"
    assert TrustedKeys.read(tmp_path / "trusted").holds(key_id(read_private(path).public_key()))


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    create_private(tmp_path / "k.pem")
    with pytest.raises(KeyUnusable, match="never overwritten"):
        create_private(tmp_path / "k.pem")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    create_private(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        read_private(tmp_path / "k.pem")


def test_a_missing_or_broken_key_is_explained(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="release key"):
        read_private(tmp_path / "k.pem")
    (tmp_path / "k.pem").write_text("x")
    (tmp_path / "k.pem").chmod(0o600)
    with pytest.raises(KeyUnusable, match="not a private key"):
        read_private(tmp_path / "k.pem")
    with pytest.raises(KeyUnusable, match="not a public key"):
        TrustedKeys.read(tmp_path)


def test_a_folder_that_is_not_there_trusts_nobody(tmp_path: Path) -> None:
    assert TrustedKeys.read(tmp_path / "none").keys == {}


def test_a_line_above_a_key_ends_it_and_trusting_it_once_more_does_not_take_that_back(tmp_path: Path) -> None:
    key = create_private(tmp_path / "desk.pem").public_key()
    path = trust(tmp_path / "trusted", key)
    assert TrustedKeys.read(tmp_path / "trusted").described() == {key_id(key): None}
    path.write_text(f"# the old desk\nNot-After: 2026-12-31T00:00:00Z\n{path.read_text()}")
    trust(tmp_path / "trusted", key)
    assert TrustedKeys.read(tmp_path / "trusted").described() == {key_id(key): "2026-12-31T00:00:00+00:00"}


@pytest.mark.parametrize("line", ["Not-After: soon", "Not after: 2026-12-31", "Not-After:"])
def test_a_line_above_a_key_that_is_not_understood_might_have_been_meant_to_end_it(tmp_path: Path, line: str) -> None:
    path = trust(tmp_path, create_private(tmp_path / "desk.key").public_key())
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(KeyUnusable, match="is not understood"):
        TrustedKeys.read(tmp_path)
