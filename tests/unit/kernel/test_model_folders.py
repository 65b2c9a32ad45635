"""A model folder: what is read of it, and what is said of its faults."""

import json
from pathlib import Path

import pytest

from headrace.errors import ModelFolderError
from headrace.modelfolder import ModelFolder

AVSC = {"type": "record", "name": "F", "fields": [{"name": "amount", "type": "double"}]}
ROOT = Path(__file__).resolve().parents[3]


def folder(path: Path, toml: str | bytes | None = 'name = "fraud"\n') -> Path:
    (path / "features.avsc").write_text(json.dumps(AVSC))
    if toml is not None:
        (path / "model.toml").write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return path


def test_a_name_is_enough(tmp_path: Path) -> None:
    read = ModelFolder.read(folder(tmp_path))
    assert (read.name, read.task, read.threshold) == ("fraud", "classification", 0.5)
    assert (read.delivery, read.partitions, read.features.names) == ("exactly-once", 6, ("amount",))
    assert read.train_py == tmp_path.resolve() / "train.py"


def test_a_regression_has_no_threshold(tmp_path: Path) -> None:
    assert ModelFolder.read(folder(tmp_path, 'name = "a"\ntask = "regression"\nthreshold = 0.7\n')).threshold is None


def test_the_shipped_example_can_be_read() -> None:
    assert ModelFolder.read(ROOT / "examples" / "flights").name == "flights"


def test_all_faults_of_a_model_toml_are_told_at_once(tmp_path: Path) -> None:
    toml = 'name = "My Model"\ntask = "guessing"\npartitions = 0\ntresh = 1\n[training]\nevaluation_days = 0\n'
    with pytest.raises(ModelFolderError) as raised:
        ModelFolder.read(folder(tmp_path, toml))
    for said in ("'My Model'", "task", "partitions", "tresh", "training.evaluation_days"):
        assert said in str(raised.value)


@pytest.mark.parametrize("name", ["", "Fraud", "9lives", "a-b", "a.b", "a" * 41])
def test_a_name_that_topics_or_tables_cannot_begin_with_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFolderError, match="must be small letters, digits and _, at most 40"):
        ModelFolder.read(folder(tmp_path, f'name = "{name}"\n'))


@pytest.mark.parametrize("toml", ["name =", b"\xff\xfename"], ids=["cut", "not text"])
def test_a_file_that_is_not_toml_is_told_by_its_path(tmp_path: Path, toml: str | bytes) -> None:
    with pytest.raises(ModelFolderError, match=r"model\.toml is not TOML"):
        ModelFolder.read(folder(tmp_path, toml))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"gone is not a folder; `headrace init NAME`"):
        ModelFolder.read(tmp_path / "gone")
    with pytest.raises(ModelFolderError, match=r"model\.toml is missing"):
        ModelFolder.read(folder(tmp_path, None))
    folder(tmp_path)
    (tmp_path / "features.avsc").unlink()
    with pytest.raises(ModelFolderError, match=r"features\.avsc is missing"):
        ModelFolder.read(tmp_path)
