"""A Faust application that opens no Kafka connection of its own: agents, services and the web server, nothing else.

Faust's own consumer acknowledges records whose handling failed and commits past records still in flight, so librdkafka
sources feed the agents instead.
"""

import sys
from pathlib import Path
from typing import Any, NoReturn

import faust
from faust.app.base import BootStrategy


class WithoutKafka(BootStrategy):
    """Starts everything but Kafka's consumer, producer and conductor."""

    enable_kafka = False


class Application(faust.App):
    """A Faust app that starts without Kafka."""

    BootStrategy = WithoutKafka

    async def on_first_start(self) -> None:
        """Let channels flow: Faust opens them when its consumer has its first assignment, which never comes here."""
        await super().on_first_start()
        self.flow_control.resume()


def new_application(name: str, *, folder: Path, http_host: str, http_port: int) -> Application:
    """An application for one worker; folder is Faust's own working folder, http_* its web server's address."""
    folder.mkdir(parents=True, exist_ok=True)
    return Application(
        name,
        broker="kafka://127.0.0.1:1",  # Faust wants an address; nothing ever connects to it
        store="memory://",
        datadir=str(folder),
        web_host=http_host,
        web_bind=http_host,
        web_port=http_port,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
    )


def run(app: Application) -> NoReturn:
    """Run until SIGTERM or Ctrl-C."""
    worker: Any = faust.Worker(app, loglevel="WARN", quiet=True, redirect_stdouts=False, override_logging=False)
    worker.spinner = None
    worker.execute_from_commandline()
    sys.exit(0)
