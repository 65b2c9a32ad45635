"""`headrace worker train`."""

import signal
import threading

import click
import structlog

from headrace import settings
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.eventlog import log_as_events
from headrace.kafka.connect import kafka_address
from trainer.ports import Progress
from trainer.running import Wanted, train_and_propose
from trainer.working.due import Due
from trainer.working.work import Work

log = structlog.get_logger()


@click.command()
def train() -> None:
    """Train when the topic `training` asks for it, or when a model's own rule says so, and propose. Never approves.

    A model's rule is in the [training] table of its model.toml: every_hours, new_labels.
    """
    log_as_events()
    configured = settings.load()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    kafka = kafka_address(configured)
    work = Work(
        kafka=kafka,
        name=configured.worker_name("train"),
        train=lambda asked: train_and_propose(
            Wanted(model=asked.model, since=asked.since, until=asked.until, request=asked.id), configured, Events()
        ),
        due=Due(kafka, lambda: ClickHouse(clickhouse_address(configured)), configured.worker_name("train")),
    )
    log.info("worker-started", worker=work.name)
    work.run(stopping)


class Events(Progress):
    """Steps and notes as events."""

    def step(self, what: str) -> None:
        """A step begins."""
        log.info("training-step", what=what)

    def note(self, what: str) -> None:
        """Something to know."""
        log.warning("training-note", what=what)
