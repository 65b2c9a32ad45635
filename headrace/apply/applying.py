"""Topics, tables and schemas out of a model folder; safe to repeat."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from headrace.apply.columns import Plan, partition_faults, plan
from headrace.apply.errors import BreakingChange
from headrace.clickhouse.client import ClickHouse, statements
from headrace.clickhouse.ddl import column, described, model_script, shared_script, views_script
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.errors import KafkaUnreachable
from headrace.kafka.topics import create_topics, existing_topics
from headrace.modelfolder import ModelFolder
from headrace.topics import all_topics
from headrace.wire.request import request_schema

PATIENCE_S = 20.0
PAUSE_S = 0.02
# The tables that have a column for each feature.
FEATURED = ("_predictions", "_history")


class SchemaStore(Protocol):
    """Keeps writer schemas, each once."""

    def put_schema(self, schema: Mapping[str, Any]) -> bytes:
        """Store a schema; its fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one `headrace apply` did."""

    model: str
    topics_created: tuple[str, ...]
    columns_added: tuple[str, ...]
    table_created: bool
    schema: str


def apply(
    folder: ModelFolder,
    *,
    kafka: KafkaAddress,
    replication: int,
    clickhouse: ClickHouse,
    schemas: SchemaStore,
) -> Applied:
    """Bring Kafka, ClickHouse and the registry to what the folder says.

    Raises BreakingChange before anything is touched.
    """
    topics = all_topics([(folder.name, folder.partitions)])
    existing = _columns(clickhouse, folder.name)
    wanted = plan(existing, folder.features) if existing else None
    faults = list(wanted.faults) if wanted else []
    faults += partition_faults(topics, existing_topics(kafka))
    if faults:
        raise BreakingChange(folder.name, faults)
    created = create_topics(kafka, topics, replication)
    _await_topics(kafka, created)
    _tables(clickhouse, folder, wanted)
    clickhouse.insert("models", _described(folder))
    return Applied(
        model=folder.name,
        topics_created=tuple(created),
        columns_added=tuple(feature.name for feature in wanted.add) if wanted else (),
        table_created=not existing,
        schema=schemas.put_schema(request_schema(folder.name, folder.features)).hex(),
    )


def _tables(clickhouse: ClickHouse, folder: ModelFolder, wanted: Plan | None) -> None:
    """Tables, then columns that are new to them, then the views that name the columns."""
    for statement in statements(shared_script()) + statements(model_script(folder.name, folder.features)):
        clickhouse.run(statement, doing=f"creating the tables of {folder.name}")
    for table in FEATURED:
        for feature in wanted.add if wanted else ():
            clickhouse.run(
                f"ALTER TABLE {folder.name}{table} ADD COLUMN IF NOT EXISTS {column(feature)}",
                doing=f"adding the column {feature.name}",
            )
        for feature in wanted.grown if wanted else ():
            clickhouse.run(
                f"ALTER TABLE {folder.name}{table} COMMENT COLUMN `{feature.name}` '{described(feature)}'",
                doing=f"extending the enum {feature.name}",
            )
    for statement in statements(views_script(folder.name)):
        clickhouse.run(statement, doing=f"creating the views of {folder.name}")


def _described(folder: ModelFolder) -> dict[str, list[Any]]:
    """What the sink and whoever judges the model need to know of its folder."""
    labels = folder.toml.labels
    return {
        "model": [folder.name],
        "task": [folder.task],
        "label": [folder.toml.label],
        "labels_within_hours": [labels.within_hours],
        "labels_share": [labels.share],
        "folder": [str(folder.path)],
        "applied_at": [datetime.now(UTC)],
    }


def _await_topics(kafka: KafkaAddress, names: Collection[str]) -> None:
    """Return when the brokers tell of the topics: a worker started before would be told that they do not exist."""
    deadline = time.monotonic() + PATIENCE_S
    while missing := set(names) - existing_topics(kafka).keys():
        if time.monotonic() > deadline:
            raise KafkaUnreachable(f"waiting for the new topics {', '.join(sorted(missing))}", kafka.bootstrap)
        time.sleep(PAUSE_S)


def _columns(clickhouse: ClickHouse, model: str) -> dict[str, str]:
    rows = clickhouse.rows(
        "SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = %(table)s",
        {"table": f"{model}_predictions"},
        doing="reading the table's columns",
    )
    return dict(rows)
