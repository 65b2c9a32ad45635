"""The command `headrace ledger`."""

import json
import sys

import click
from rich.console import Console

from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.ledger.ledger import Ledger
from headrace.ledger.report import LedgerReport
from headrace.ledger.showing import shown
from headrace.settings import Settings, load


@click.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.option("--deep", is_flag=True, help="read the topics of answers and dead letters whole, and compare each block")
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="until nothing waits and nothing is on the way"
)
def ledger(model: str, as_json: bool, deep: bool, wait: float | None) -> None:
    """Count the requests, answers and rows of MODEL. Exit code 1 when something is unaccounted for."""
    report = counted(load(), model, deep=deep, wait=wait)
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        console = Console()
        for part in shown(report):
            console.print(part)
    sys.exit(1 if report.unaccounted else 0)


def counted(settings: Settings, model: str, *, deep: bool = False, wait: float | None = None) -> LedgerReport:
    """The ledger of a model where the settings say."""
    clickhouse = ClickHouse(clickhouse_address(settings))
    try:
        with Ledger(model, kafka=kafka_address(settings), clickhouse=clickhouse) as book:
            return book.count(deep=deep) if wait is None else book.settle(wait, deep=deep)
    finally:
        clickhouse.close()
