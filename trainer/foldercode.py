"""Running the code of a model folder: train.py and the files beside it."""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace.modelfolder import ModelFolder
from trainer.errors import TrainPyError


class FolderCode:
    """train.py, imported. Each call raises TrainPyError with the file and line when the code fails."""

    def __init__(self, folder: ModelFolder, module: ModuleType) -> None:
        self._folder = folder
        self._module = module

    def history(self) -> Any:
        """What history() gives."""
        return self.call(self._function("history"))

    def estimator(self) -> Any:
        """What estimator(features) gives."""
        return self.call(self._function("estimator"), self._folder.features)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that may run the folder's code, such as fit of an estimator that it made."""
        with _named_by_line(self._folder.path):
            return function(*arguments)

    def _function(self, name: str) -> Callable[..., Any]:
        function = getattr(self._module, name, None)
        if not callable(function):
            raise TrainPyError(f"{self._folder.train_py} has no function {name}(); `headrace init` writes one")
        return function  # type: ignore[no-any-return]


@contextmanager
def foldercode(folder: ModelFolder) -> Iterator[FolderCode]:
    """Import train.py for the time of the block; its siblings can be imported by their names in it, and only in it.

    Modules of the same names that were there before are put aside, so that two folders may each have a data.py.
    """
    if not folder.train_py.is_file():
        raise TrainPyError(f"{folder.train_py} is missing: it holds history() and estimator(features)")
    siblings = {path.stem for path in folder.path.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    aside = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in siblings}
    sys.path.insert(0, str(folder.path))
    try:
        yield FolderCode(folder, _imported(folder))
    finally:
        sys.path.remove(str(folder.path))
        for name in [name for name in sys.modules if name.partition(".")[0] in siblings]:
            del sys.modules[name]
        sys.modules.update(aside)


def _imported(folder: ModelFolder) -> ModuleType:
    spec = importlib.util.spec_from_file_location("train", folder.train_py)
    if spec is None or spec.loader is None:
        raise TrainPyError(f"{folder.train_py} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules["train"] = module
    with _named_by_line(folder.path):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _named_by_line(folder: Path) -> Iterator[None]:
    """Turn whatever the folder's code raises into one sentence."""
    try:
        yield
    except SyntaxError as error:
        raise TrainPyError(f"{error.filename}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:  # a user's code may raise anything, and exit
        place = _place(error, folder)
        raise TrainPyError(f"{place}: {type(error).__name__}: {error}") from error


def _place(error: BaseException, folder: Path) -> str:
    """The innermost line of the folder's own code that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else f"the estimator of {folder / 'train.py'}"
