"""The example's own modules, loaded from their folder: examples/ is not a package."""

import importlib
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.errors import MissingPartError
from headrace.modelfolder import ModelFolder

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "flights"
STANDARD = FOLDER / "release-standard.toml"


def folder() -> ModelFolder:
    """The model folder of the flights."""
    if not FOLDER.is_dir():
        raise MissingPartError("the demo needs examples/flights; run it from the checkout")
    return ModelFolder.read(FOLDER)


def write_year(path: Path) -> None:
    """Every departure of the year with what was known then, as Parquet."""
    _of_example("departures").write_year(path)


def replay(start: datetime, end: datetime) -> Any:
    """The feed's Replay of a span of time."""
    return _of_example("feed").Replay(folder(), start, end)


def departures() -> pa.Table:
    """Every departure of the year, with its outcome."""
    return _of_example("departures").departures()


def estimator() -> Any:
    """What the example's train.py fits."""
    return _of_example("train").estimator(folder().features)


def _of_example(name: str) -> Any:
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)
