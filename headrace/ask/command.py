"""The command `headrace score`."""

import json
import sys
from datetime import UTC, datetime
from typing import BinaryIO
from uuid import uuid4

import click

from headrace.ask.asking import ask
from headrace.ask.errors import NotIdentified
from headrace.ask.request import completed
from headrace.kafka.connect import kafka_address
from headrace.settings import load


@click.command()
@click.argument("model")
@click.option(
    "--request", "text", metavar="JSON", help='the request, for instance \'{"features": {"distance": 1416.0}}\''
)
@click.option("--json-request", "file", type=click.File("rb"), metavar="FILE", help="read it from a file; - is stdin")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, metavar="SECONDS")
def score(model: str, text: str | None, file: BinaryIO | None, timeout: float) -> None:
    """Send one JSON request to MODEL and print its answer as JSON.

    request_id and event_time are put in where they are missing. Exit code 1 when the request was rejected.
    """
    if (text is None) == (file is None):
        raise click.UsageError("give the request either with --request or with --json-request")
    given = text if file is None else file.read()
    request = completed(given or "", request_id=uuid4().hex, now=datetime.now(UTC))
    try:
        answer = ask(kafka_address(load()), model, request, timeout_s=timeout)
    except NotIdentified as error:
        click.echo(f"headrace: {error}", err=True)
        sys.exit(1)
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    sys.exit(0 if answer["status"] == "ok" else 1)
