"""Generated documents: what they hold, and that they are up to date."""

import subprocess
import sys

import click
import pytest
from pydantic import BaseModel

from deploy.docs.__main__ import BEGIN, END, ROOT
from deploy.docs.cli_reference import cli_reference
from deploy.docs.settings_reference import settings_reference
from deploy.docs.topics_table import topics_table
from headrace.cli.main import cli
from headrace.cli.table import COMMANDS
from headrace.settings import Settings
from headrace.topics import table


def test_every_topic_is_a_line_of_the_table() -> None:
    lines = topics_table().splitlines()
    assert len(lines) == len(table()) + 2
    assert "| `M.requests` | entity key, or none | request | 7 d |" in lines
    assert "| `model-releases` | model | release document | for ever |" in lines
    assert "{model}" not in topics_table()


def leaves(model: type[BaseModel], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        nested = isinstance(kind, type) and issubclass(kind, BaseModel)
        found += leaves(kind, f"{prefix}{name}.") if nested else [prefix + name]
    return found


def test_every_setting_has_a_line_with_its_variable_and_a_description() -> None:
    lines = [line for line in settings_reference().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0].strip("`") for row in cells] == leaves(Settings)
    assert all(row[1].strip("`") == f"HEADRACE_{row[0].strip('`').replace('.', '__').upper()}" for row in cells)
    assert not [row[0] for row in cells if len(row) != 4 or not row[3]]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_below_it_is_in_the_reference(name: str) -> None:
    text = cli_reference()
    command = cli.get_command(click.Context(cli), name)
    assert f"## `headrace {name}`\n" in text
    for below in getattr(command, "commands", ()):
        assert f"## `headrace {name} {below}`\n" in text


def test_the_readme_has_one_place_for_the_table_of_topics() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count(BEGIN) == readme.count(END) == 1 and readme.index(BEGIN) < readme.index(END)


def test_the_generated_documents_are_up_to_date() -> None:
    # In a process of its own: a command remembers by which of its names help was first asked for.
    subprocess.run([sys.executable, "-m", "deploy.docs", "--check"], cwd=ROOT, check=True, timeout=120)
