"""Letting an import of what is not installed fail at once."""

import importlib.util
import sys
from typing import Any


class Absent:
    """Python remembers no failed import: each one looks through the whole path again, in files.

    Some of scikit-learn's steps try pandas a dozen times a batch, which took a sixth of a small batch's time. In
    `sys.modules` its absence cannot be noted: scikit-learn looks there for the module itself.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, *place: Any) -> None:
        """Asked before all other finders."""
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def note_absence(name: str) -> None:
    """To be called once; a module that is installed stays as it is."""
    try:
        installed = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return  # noted before
    if not installed:
        sys.meta_path.insert(0, Absent(name))
