"""`headrace worker score`, `headrace worker sink` and `headrace worker batch`."""

import logging
import socket

import click
import structlog

from headrace import settings
from headrace.eventlog import log_as_events
from streams.engine import application
from streams.engine.allocator import spare_memory

MEGABYTES = click.IntRange(100)
NOISE = ("faust", "mode", "aiohttp")


@click.command()
@click.option("--model", required=True, help="name of the model whose requests to answer")
def score(model: str) -> None:
    """Answer a model's requests."""
    spare_memory()
    from streams.score.app import build_app

    _run(build_app(_settings(), model))


@click.command()
def sink() -> None:
    """Bring log blocks, labels and events into ClickHouse."""
    spare_memory()
    from streams.sink.app import build_app

    _run(build_app(_settings()))


@click.command()
@click.option("--memory", type=MEGABYTES, default=400, show_default=True, help="megabytes that the process may take")
def batch(memory: int) -> None:
    """Score parts of batch jobs, one at a time, giving way to workers that answer requests."""
    spare_memory()
    from streams.batch.app import build_app

    _run(build_app(_settings(), memory * 2**20))


def _settings() -> settings.Settings:
    """The settings, with a free web port where none is named."""
    _log_as_events()
    loaded = settings.load()
    if loaded.worker.http_port:
        return loaded
    with socket.socket() as probe:
        probe.bind((loaded.worker.http_host, 0))
        port = probe.getsockname()[1]
    return loaded.model_copy(update={"worker": loaded.worker.model_copy(update={"http_port": port})})


def _run(app: application.Application) -> None:
    structlog.get_logger().info("worker-started", worker=app.conf.id, http=f"{app.conf.web_host}:{app.conf.web_port}")
    application.run(app)


def _log_as_events() -> None:
    """And without the chatter of Faust."""
    log_as_events()
    for name in NOISE:
        logging.getLogger(name).setLevel(logging.ERROR)
