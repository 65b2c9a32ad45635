"""docs/cli.md, from the commands themselves."""

import click

from headrace.cli.main import cli
from headrace.cli.table import COMMANDS

WIDTH = 100


def cli_reference() -> str:
    """The help of every command and of those below it."""
    parts = ["# The command line", "", "Generated from the commands by `make docs`.", ""]
    top = cli.make_context("headrace", [], resilient_parsing=True, max_content_width=WIDTH, terminal_width=WIDTH)
    for name in COMMANDS:
        parts += _described(top, name)
    return "\n".join(parts)


def _described(above: click.Context, name: str) -> list[str]:
    assert isinstance(above.command, click.Group)
    command = above.command.get_command(above, name)
    assert command is not None, name
    # Below its parent's context, so that the help is what a user sees, the short form of --help included.
    context = click.Context(command, parent=above, info_name=name)
    parts = [f"## `{context.command_path}`", "", "```text", command.get_help(context).strip(), "```", ""]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            parts += _described(context, below)
    return parts
