"""Commands that are imported when they are called, so that an image needs only its own role's code."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module, util
from pathlib import Path
from typing import Any

import click

from headrace.errors import MissingPartError


@dataclass(frozen=True, slots=True)
class Command:
    """One row of a table: module:attribute of a click command, and its summary."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A group made from a table."""

    def __init__(self, *arguments: Any, table: Mapping[str, Command], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands of the table, in its order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return one command."""
        return _load(self.table[name].target) if name in self.table else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in self.table.items()])


def _load(target: str) -> click.Command:
    module, _, attribute = target.partition(":")
    folder = module.partition(".")[0]
    root = str(Path(__file__).resolve().parents[2])
    if folder != "headrace" and root not in sys.path:
        sys.path.insert(0, root)
    if util.find_spec(folder) is None:
        raise MissingPartError(
            f"this installation does not hold {folder}/; run the command from the checkout or from its role's image"
        )
    command: Any = getattr(import_module(module), attribute)
    return command  # type: ignore[no-any-return]
