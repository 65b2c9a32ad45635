"""A small model folder to train, and a registry in a folder of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_model import FIELDS, ROWS, TRAIN, FolderRegistry, Notes

from headrace.modelfolder import ModelFolder


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., ModelFolder]:
    """Writes a model folder; every part can be given."""

    def write(*, name: str = "small", train: str = TRAIN, rows: str = ROWS, toml: str = "") -> ModelFolder:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.toml").write_text(f'name = "{name}"\n{toml}')
        (folder / "features.avsc").write_text(json.dumps({"type": "record", "name": "Features", "fields": FIELDS}))
        (folder / "train.py").write_text(train)
        (folder / "rows.py").write_text(rows)
        return ModelFolder.read(folder)

    return write


@pytest.fixture
def registry(tmp_path: Path) -> FolderRegistry:
    """An empty registry."""
    (tmp_path / "registry").mkdir()
    return FolderRegistry(tmp_path / "registry")


@pytest.fixture
def notes() -> Notes:
    """A progress that remembers."""
    return Notes()
