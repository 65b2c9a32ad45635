"""The folder that `headrace init` writes."""

from pathlib import Path

import pyarrow.compute as pc
import pytest

from headrace.apply.errors import FolderExists
from headrace.apply.writing import write_folder
from headrace.errors import ModelFolderError
from headrace.modelfolder import ModelFolder
from trainer.foldercode import foldercode
from trainer.importing.checking import Layout, checked
from trainer.importing.files import of_table


def test_a_written_folder_can_be_read(tmp_path: Path) -> None:
    folder = ModelFolder.read(write_folder("fraud", tmp_path))
    assert folder.name == "fraud"
    assert 4 <= len(folder.features.names) <= 6
    assert any(feature.nullable for feature in folder.features.features)
    assert any(feature.kind == "string" for feature in folder.features.features)


def test_its_history_can_be_trained_on_and_its_estimator_is_unfitted(tmp_path: Path) -> None:
    folder = ModelFolder.read(write_folder("fraud", tmp_path))
    with foldercode(folder) as code:
        table = code.history()
        assert not hasattr(code.estimator(), "n_features_in_")
    layout = Layout(task=folder.task, features=folder.features, zone="", source="train.py")
    (piece,) = of_table(table, table.column_names)
    history, bad = checked(piece, layout)
    assert bad == [] and history.num_rows == table.num_rows
    assert set(folder.features.names) <= set(history.column_names)
    assert history.num_rows == pc.count_distinct(history["request_id"]).as_py() > 1000
    assert 0.02 < pc.mean(history["label"]).as_py() < 0.5
    assert pc.all(pc.greater(history["label_time"], history["event_time"])).as_py()


def test_its_history_is_the_same_every_time(tmp_path: Path) -> None:
    folder = ModelFolder.read(write_folder("fraud", tmp_path))
    with foldercode(folder) as code:
        assert code.history().equals(code.history())


def test_the_readme_names_the_model_and_its_folder(tmp_path: Path) -> None:
    readme = (write_folder("fraud", tmp_path / "my models") / "README.md").read_text()
    assert f"headrace train '{tmp_path}/my models/fraud' --until" in readme
    assert "$" not in readme


@pytest.mark.parametrize("name", ["Fraud", "1fraud", "fraud-2", "", "a" * 41, "../fraud", "fraud\n"])
def test_a_name_that_cannot_begin_a_topics_and_a_tables_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFolderError, match="cannot be a model's name"):
        write_folder(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_already_is_not_touched(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "fraud"
    there.mkdir() if kind == "folder" else there.write_text("mine")
    with pytest.raises(FolderExists, match="is there already"):
        write_folder("fraud", tmp_path)
    assert list(there.iterdir()) == [] if kind == "folder" else there.read_text() == "mine"


def test_a_place_that_cannot_be_written_to_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFolderError, match="Not a directory; choose another place"):
        write_folder("fraud", tmp_path / "file")
