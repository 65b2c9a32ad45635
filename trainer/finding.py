"""The folder of a model that is named."""

from pathlib import Path

from headrace.clickhouse.client import ClickHouse
from headrace.errors import ModelFolderError
from headrace.modelfolder import ModelFolder


def find_folder(named: str, clickhouse: ClickHouse) -> ModelFolder:
    """A folder's path, or the name of a model that was applied from a folder on this machine.

    Raises ModelFolderError.
    """
    if (Path(named) / "model.toml").is_file() or "/" in named:
        return ModelFolder.read(Path(named))
    found = clickhouse.rows(
        "SELECT folder FROM models FINAL WHERE model = %(model)s", {"model": named}, doing="reading the models"
    )
    if not found:
        raise ModelFolderError(f"there is no folder {named}, and no model of that name was applied; give its folder")
    if not Path(found[0][0]).is_dir():
        raise ModelFolderError(f"{named} was applied from {found[0][0]}, which is not on this machine; give its folder")
    return ModelFolder.read(Path(found[0][0]))
