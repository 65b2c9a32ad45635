"""Where settings come from, who wins, and what is said of faults."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from headrace.errors import SettingsError
from headrace.settings import load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A working folder of the test's own, without any HEADRACE_ variable of the caller."""
    import os

    for name in [name for name in os.environ if name.startswith("HEADRACE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".headrace").mkdir()
    return tmp_path


def local(folder: Path, text: str) -> None:
    (folder / ".headrace" / "local.toml").write_text(text)


def own(folder: Path, text: str) -> None:
    (folder / "headrace.toml").write_text(text)


def test_without_any_file_the_defaults_hold() -> None:
    settings = load()
    assert (settings.worker.batch_rows, settings.worker.delivery, settings.kafka.bootstrap) == (
        5000,
        "exactly-once",
        "",
    )


def test_each_place_wins_over_the_one_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local(folder, 'actor = "local"\nregistry = "local"\nschema_registry = "local"\n')
    assert load().actor == load().registry == load().schema_registry == "local"
    own(folder, 'actor = "file"\nregistry = "file"\n')
    monkeypatch.setenv("HEADRACE_ACTOR", "environment")
    settings = load()
    assert (settings.actor, settings.registry, settings.schema_registry) == ("environment", "file", "local")
    assert load(actor="argument").actor == "argument"
    assert load(actor=None).actor == "environment", "what was not given does not hide what was set"


def test_within_a_table_each_setting_wins_for_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local(folder, '[kafka]\nbootstrap = "local:1"\nreplication = 1\n[kafka.properties]\na = "1"\n')
    own(folder, '[kafka]\nreplication = 3\n[kafka.properties]\nb = "2"\n')
    monkeypatch.setenv("HEADRACE_WORKER__BATCH_ROWS", "7")
    settings = load()
    assert (settings.kafka.bootstrap, settings.kafka.replication) == ("local:1", 3)
    assert settings.kafka.properties == {"a": "1", "b": "2"}
    assert settings.worker.batch_rows == 7


def test_the_local_stacks_file_is_looked_for_in_the_data_folder_that_is_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("argument", "environment", "file"):
        (folder / name).mkdir()
        (folder / name / "local.toml").write_text(f'actor = "{name}"\n')
    own(folder, 'data_dir = "file"\n')
    assert load().actor == "file"
    monkeypatch.setenv("HEADRACE_DATA_DIR", "environment")
    assert load().actor == "environment"
    assert load(data_dir="argument").actor == "argument"


def test_another_file_may_be_named_and_must_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(folder, 'actor = "file"\n')
    (folder / "other.toml").write_text('actor = "other"\n')
    monkeypatch.setenv("HEADRACE_CONFIG", "other.toml")
    assert load().actor == "other"
    monkeypatch.setenv("HEADRACE_CONFIG", "gone.toml")
    with pytest.raises(SettingsError, match=r"HEADRACE_CONFIG names gone\.toml, which is not a file"):
        load()


def test_all_faults_are_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(folder, '[worker]\ndelivery = "sometimes"\nbatch_row = 5\n[kafka]\nreplication = 0\n')
    monkeypatch.setenv("HEADRACE_CLICKHOUSE__PORT", "seventy")
    with pytest.raises(SettingsError) as raised:
        load()
    for place in ("worker.delivery", "worker.batch_row", "kafka.replication", "clickhouse.port"):
        assert place in str(raised.value)


@pytest.mark.parametrize("name", ["headrace.toml", ".headrace/local.toml"])
def test_a_file_that_is_not_toml_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("actor = \n")
    with pytest.raises(SettingsError, match="cannot be read") as raised:
        load()
    assert name in str(raised.value)


def test_a_password_is_not_shown() -> None:
    settings = load(clickhouse={"password": "hunter2"})
    assert "hunter2" not in repr(settings) and "hunter2" not in settings.model_dump_json()
    with pytest.raises(SettingsError) as raised:
        load(clickhouse={"password": ["hunter2"]})
    assert "hunter2" not in str(raised.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().worker.batch_rows = 1  # type: ignore[misc]


def test_an_address_that_nobody_named_is_asked_for_by_name() -> None:
    with pytest.raises(SettingsError, match=r"no address of Kafka: .*`headrace up`.*HEADRACE_KAFKA__BOOTSTRAP"):
        load().bootstrap()
    with pytest.raises(SettingsError, match=r"no address of ClickHouse: .*HEADRACE_CLICKHOUSE__HOST"):
        load().clickhouse_address()


def test_what_is_not_named_lies_in_the_data_folder() -> None:
    settings = load(data_dir="d")
    assert settings.registry_url == "d/registry" and settings.bundle_cache == Path("d/cache")
    assert settings.signing_key_file == Path("d/keys/desk.pem")
    assert settings.trusted_keys_folder == Path("d/keys/trusted")
    named = load(registry="s3://b", cache_dir="c", signing_key="k.pem", trusted_keys="t", worker={"name": "w7"})
    assert (named.registry_url, named.bundle_cache) == ("s3://b", Path("c"))
    assert (named.signing_key_file, named.trusted_keys_folder) == (Path("k.pem"), Path("t"))
    assert (named.worker_name("score"), settings.worker_name("score")[:6]) == ("w7", "score-")


def test_a_parameter_is_pinned_by_environment_and_one_that_nobody_knows_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load().pin.pinned == {}
    monkeypatch.setenv("HEADRACE_PIN__THRESHOLD", "0.4")
    assert load().pin.pinned == {"threshold": 0.4}
    monkeypatch.setenv("HEADRACE_PIN__THRESHOLD", "nan")
    with pytest.raises(SettingsError, match=r"pin\.threshold"):
        load()
    monkeypatch.setenv("HEADRACE_PIN__THRESHOLD", "0.4")
    monkeypatch.setenv("HEADRACE_PIN__THRESHOLDS", "0.4")
    with pytest.raises(SettingsError, match=r"pin\.thresholds"):
        load()
