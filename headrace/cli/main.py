"""The entry point `headrace`."""

import sys
from collections.abc import Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Any

import click

from headrace import __version__
from headrace.cli.table import COMMANDS
from headrace.errors import HeadraceError, MissingPartError


class LazyGroup(click.Group):
    """A group whose commands are imported when called, so that an image needs only its own role's code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands of the table, in its order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return one command."""
        return _load(COMMANDS[name].target) if name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])


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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="headrace")
def cli() -> None:
    """Machine-learning models on Kafka streams."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error that a person can mend is one sentence on stderr and exit code 2."""
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="headrace", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HeadraceError as error:
        click.echo(f"headrace: {error}", err=True)
        sys.exit(2)
