"""docs/cli.md, from the commands themselves."""

import click

from headrace.cli.main import cli
from headrace.cli.table import COMMANDS

WIDTH = 100


def cli_reference() -> str:
    """The help of every command and of those below it."""
    parts = ["# The command line", "", "Generated from the commands by `make docs`.", ""]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        parts += _described(command, f"headrace {name}")
    return "\n".join(parts)


def _described(command: click.Command, path: str) -> list[str]:
    context = click.Context(command, info_name=path, max_content_width=WIDTH, terminal_width=WIDTH)
    parts = [f"## `{path}`", "", "```text", command.get_help(context).strip(), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            parts += _described(below, f"{path} {name}")
    return parts
