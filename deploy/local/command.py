"""The command `headrace up`."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

import click

from deploy.local.errors import NothingToStart, UnknownModel
from deploy.local.stack import Addresses, LocalStack
from deploy.local.supervise.events import Ended, Event, Restarting
from headrace.apply.command import apply_folder, told
from headrace.modelfolder import NAME, ModelFolder
from headrace.settings import load

STOPS = (signal.SIGTERM, signal.SIGINT)
PORT = click.IntRange(0, 65535)


class _AskedToEnd(BaseException):
    """Raised by SIGTERM and Ctrl-C; not an Exception, so that nothing on the way takes it for a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that was named: by its folder, which is applied, or by its name only."""

    name: str
    folder: ModelFolder | None = None

    @classmethod
    def of(cls, given: str) -> "Model":
        """Read --model; raises UnknownModel, or ModelFolderError for a folder that cannot be used."""
        if Path(given).is_dir():
            folder = ModelFolder.read(Path(given))
            return cls(name=folder.name, folder=folder)
        if not NAME.fullmatch(given):
            raise UnknownModel(given)
        return cls(name=given)


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="folder that keeps everything (default: .headrace)")
@click.option("--kafka-port", default=19092, show_default=True, type=PORT, help="0 picks a free one")
@click.option("--clickhouse-port", default=19000, show_default=True, type=PORT, help="0 picks a free one")
@click.option("--model", "models", multiple=True, metavar="FOLDER_OR_NAME", help="apply it and run its workers")
@click.option("--scorers", default=1, show_default=True, type=click.IntRange(1, 64), help="scorers of each model")
@click.option("--no-workers", is_flag=True, help="apply the models only")
def up(
    data_dir: Path | None,
    kafka_port: int,
    clickhouse_port: int,
    models: tuple[str, ...],
    scorers: int,
    no_workers: bool,
) -> None:
    """Start Kafka, ClickHouse and workers on this machine, until Ctrl-C. The data stays."""
    named = [Model.of(given) for given in models]
    events: SimpleQueue[Event] = SimpleQueue()
    stack = LocalStack(
        load(data_dir=data_dir).data_dir,
        kafka_port=kafka_port,
        clickhouse_port=clickhouse_port,
        told=click.echo,
        on_event=events.put,
    )
    with _ending(stack):
        found = stack.start()
        if not (found.local_kafka or found.local_clickhouse or (named and not no_workers)):
            raise NothingToStart
        click.echo("\n".join(introduction(found, stack.data_dir)))
        _apply(stack, named)
        _start_workers(stack, [] if no_workers else named, scorers)
        click.echo("\n".join(next_steps(named)))
        _report(events)


@contextmanager
def _ending(stack: LocalStack) -> Iterator[None]:
    """Run until asked to end, and then stop the stack, whatever the reason."""
    for number in STOPS:
        signal.signal(number, _end)
    try:
        yield
    except _AskedToEnd:
        click.echo("stopping …")
    finally:
        # A second Ctrl-C must not cut the orderly end short; who is in a hurry has SIGKILL.
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
    click.echo("stopped")


def _end(*_: object) -> NoReturn:
    raise _AskedToEnd


def _apply(stack: LocalStack, models: Sequence[Model]) -> None:
    for model in models:
        if model.folder:
            click.echo("\n".join(told(apply_folder(model.folder, stack.settings))))


def _start_workers(stack: LocalStack, models: Sequence[Model], scorers: int) -> None:
    names: list[str] = []
    for model in models:
        delivery = model.folder.delivery if model.folder else "exactly-once"
        names += stack.workers.start_scorers(model.name, scorers, delivery)
    names += [stack.workers.start_sink()] if names else []
    for name in names:
        port, log = stack.workers.http_ports[name], stack.folder.logs / f"{name}.log"
        click.echo(f"{name}: http://127.0.0.1:{port}, {log}")


def _report(events: SimpleQueue[Event]) -> NoReturn:
    """Print what becomes of the children, for ever."""
    while True:
        if line := spelt(events.get()):
            click.echo(line)


def spelt(event: Event) -> str | None:
    """A line for a person; None for what needs none."""
    if isinstance(event, Ended) and not event.asked:
        return f"{event.name} ended by itself ({f'signal {event.signal}' if event.signal else f'code {event.code}'})"
    if isinstance(event, Restarting):
        return f"{event.name} is started again" + (f" in {event.seconds:g} s" if event.seconds else "")
    return None


def introduction(found: Addresses, data_dir: Path) -> list[str]:
    """Where everything is."""
    host, port = found.clickhouse
    return [
        f"Kafka       {found.kafka}{'' if found.local_kafka else '  (your own: nothing local was started)'}",
        f"ClickHouse  {host}:{port}{'' if found.local_clickhouse else '  (your own: nothing local was started)'}",
        f"data        {data_dir}",
    ]


def next_steps(models: Sequence[Model]) -> list[str]:
    """What to do now, in another terminal."""
    steps = ["headrace init NAME", "headrace apply FOLDER"]
    if models:
        folder = models[0].folder.path if models[0].folder else "FOLDER"
        steps = [
            f"headrace train {folder} --until DATE",
            f"headrace release approve {models[0].name} VERSION --reason WHY",
        ]
    commands = [f"    {step}" for step in ("headrace doctor", *steps)]
    return ["", "ready; in another terminal:", *commands, "Ctrl-C stops everything; the data stays."]
