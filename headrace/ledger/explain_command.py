"""The command `headrace explain`."""

import json
import sys

import click
from rich.console import Console

from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.ledger.errors import RequestUnknown
from headrace.ledger.explain_showing import shown
from headrace.ledger.explaining import Explaining, Explanation
from headrace.ledger.rescoring import Rescoring
from headrace.registry import Registry
from headrace.release import TrustedKeys
from headrace.settings import Settings, load


@click.command()
@click.argument("request_id")
@click.option("--model", help="look at this model only")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def explain(request_id: str, model: str | None, as_json: bool) -> None:
    """Show how the answers to REQUEST_ID came about, and score its input again with the same version.

    Exit code 1 when the request is unknown or a score came out differently.
    """
    try:
        explanations = explained(load(), request_id, model)
    except RequestUnknown as error:
        click.echo(f"headrace: {error}", err=True)
        sys.exit(1)
    if as_json:
        answers = [explanation.as_dict() for explanation in explanations]
        click.echo(json.dumps({"request_id": request_id, "answers": answers}))
    else:
        console = Console()
        for part in shown(request_id, explanations):
            console.print(part)
    sys.exit(1 if any(each.rescored and each.rescored.equal is False for each in explanations) else 0)


def explained(settings: Settings, request_id: str, model: str | None = None) -> list[Explanation]:
    """The answers to a request_id where the settings say."""
    clickhouse = ClickHouse(clickhouse_address(settings))
    try:
        return Explaining(
            kafka=kafka_address(settings),
            clickhouse=clickhouse,
            trusted=TrustedKeys.read(settings.trusted_keys_folder),
            rescoring=Rescoring(Registry.open(settings.registry_url), settings.bundle_cache),
        ).explain(request_id, model)
    finally:
        clickhouse.close()
