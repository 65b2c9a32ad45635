"""The commands `headrace init` and `headrace apply`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from headrace.apply.applying import Applied
from headrace.apply.applying import apply as bring_about
from headrace.apply.writing import write_folder
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.modelfolder import ModelFolder
from headrace.registry import Registry
from headrace.settings import Settings, load


@click.command()
@click.argument("name")
@click.option("--directory", type=click.Path(path_type=Path), default=Path(), help="where to put it (default: here)")
def init(name: str, directory: Path) -> None:
    """Write a model folder NAME that works as it is."""
    folder = write_folder(name, directory)
    click.echo(f"{folder} is written; {folder / 'README.md'} says how to go on")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="print what was done as one JSON object")
def apply(folder: Path, as_json: bool) -> None:
    """Create or extend the topics and tables of the model in FOLDER. Safe to repeat."""
    done = apply_folder(ModelFolder.read(folder), load())
    click.echo(json.dumps(asdict(done)) if as_json else "\n".join(told(done)))


def apply_folder(folder: ModelFolder, settings: Settings) -> Applied:
    """Bring what the settings name to what the folder says."""
    clickhouse = ClickHouse(clickhouse_address(settings))
    try:
        return bring_about(
            folder,
            kafka=kafka_address(settings),
            replication=settings.kafka.replication,
            clickhouse=clickhouse,
            schemas=Registry.open(settings.registry_url),
        )
    finally:
        clickhouse.close()


def told(done: Applied) -> list[str]:
    """What was done, in lines."""
    topics = f"topics created: {', '.join(done.topics_created) or 'none, all were there'}"
    tables = f"tables of {done.model}: {'created' if done.table_created else 'were there'}"
    columns = [f"columns added: {', '.join(done.columns_added)}"] if done.columns_added else []
    return [topics, tables, *columns, f"request schema: {done.schema}"]
