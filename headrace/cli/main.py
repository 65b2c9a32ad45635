"""The entry point `headrace`."""

import sys
from collections.abc import Sequence

import click

from headrace import __version__
from headrace.cli.lazy import LazyGroup
from headrace.cli.table import COMMANDS
from headrace.errors import HeadraceError


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
