"""Writing a new model folder from the template."""

import shlex
from pathlib import Path
from string import Template

from headrace.apply.errors import FolderExists
from headrace.errors import ModelFolderError
from headrace.modelfolder import NAME

TEMPLATE = Path(__file__).with_name("template")


def write_folder(name: str, parent: Path) -> Path:
    """Write parent/name; raises ModelFolderError for a bad name, FolderExists when something is there already."""
    if not NAME.fullmatch(name):
        raise ModelFolderError(
            f"{name!r} cannot be a model's name, because topics and tables are called after it: "
            "use small letters, digits and _, a letter first, at most 40"
        )
    folder = parent / name
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise FolderExists(folder) from None
    except OSError as error:
        why = f"{folder} cannot be made: {error.strerror}; choose another place with --directory"
        raise ModelFolderError(why) from None
    for source in sorted(path for path in TEMPLATE.iterdir() if path.is_file()):
        text = Template(source.read_text(encoding="utf-8")).substitute(name=name, folder=shlex.quote(str(folder)))
        (folder / source.name).write_text(text, encoding="utf-8")
    return folder
