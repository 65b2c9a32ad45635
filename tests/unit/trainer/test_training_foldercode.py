"""The code of a model folder runs apart, and its errors name file and line."""

import sys
from collections.abc import Callable

import pytest

from headrace.modelfolder import ModelFolder
from trainer.errors import TrainPyError
from trainer.foldercode import foldercode

Write = Callable[..., ModelFolder]


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ("def history(:\n", r"train\.py, line 1: invalid syntax"),
        ("\nimport no_such_library\n", r"train\.py, line 2: ModuleNotFoundError: No module named 'no_such_library'"),
        ("import sys\nsys.exit('no data here')\n", r"train\.py, line 2: SystemExit: no data here"),
        ("def history():\n    return [][1]\n", r"train\.py, line 2: IndexError"),
        ("import rows\nhistory = lambda: rows.broken()\n", r"rows\.py, line 2: ZeroDivisionError"),
        ("history = 3\n", r"train\.py has no function history\(\)"),
    ],
)
def test_broken_code_is_named_by_file_and_line(write_folder: Write, train: str, said: str) -> None:
    folder = write_folder(train=train, rows="def broken():\n    return 1 / 0\n")
    with pytest.raises(TrainPyError, match=said), foldercode(folder) as code:
        code.history()


def test_a_sibling_that_cannot_be_parsed_is_named_itself(write_folder: Write) -> None:
    folder = write_folder(rows="history = (\n")
    with pytest.raises(TrainPyError, match=r"rows\.py, line 1"), foldercode(folder):
        pass


def test_a_folder_without_train_py_is_told_what_it_holds(write_folder: Write) -> None:
    folder = write_folder()
    folder.train_py.unlink()
    with pytest.raises(TrainPyError, match=r"train\.py is missing: it holds"), foldercode(folder):
        pass


def test_two_folders_may_have_siblings_of_the_same_name(write_folder: Write) -> None:
    train = "from rows import history"
    first = write_folder(name="first", train=train, rows="def history(): return 'first'")
    second = write_folder(name="second", train=train, rows="def history(): return 'second'")
    with foldercode(first) as one:
        rows = sys.modules["rows"]
        with foldercode(second) as two:
            assert two.history() == "second"
        assert one.history() == "first"
        assert sys.modules["rows"] is rows


def test_nothing_of_the_folder_stays_importable(write_folder: Write) -> None:
    folder = write_folder()
    path = list(sys.path)
    with foldercode(folder):
        assert "rows" in sys.modules
    assert "rows" not in sys.modules
    assert "train" not in sys.modules
    assert sys.path == path


def test_the_path_is_as_before_after_an_error_too(write_folder: Write) -> None:
    folder, path = write_folder(train="1 / 0"), list(sys.path)
    with pytest.raises(TrainPyError), foldercode(folder):
        pass
    assert sys.path == path
