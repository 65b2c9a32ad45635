"""`headrace worker`: one process, one role; each role's code is in its own folder and image."""

import click

from headrace.cli.lazy import Command, LazyGroup

ROLES = {
    "score": Command("streams.command:score", "Answer a model's requests."),
    "sink": Command("streams.command:sink", "Bring log blocks, labels and events into ClickHouse."),
    "batch": Command("streams.command:batch", "Score parts of batch jobs."),
    "train": Command("trainer.working.command:train", "Train when it is asked for, and propose."),
}


@click.group(cls=LazyGroup, table=ROLES)
def worker() -> None:
    """Run one worker until SIGTERM or Ctrl-C."""
