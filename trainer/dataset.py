"""What a model learns from and is judged on: its history and its labelled answers, as they were known at an instant.

Features are those that were served. Of a request's labels the latest that was known at the instant counts; one that
became known later does not exist. `as_of` fixes what ClickHouse itself held: the same instants read the same rows for
as long as nothing is deleted.
"""

from datetime import UTC, datetime

import pyarrow as pa

from headrace.clickhouse.client import ClickHouseAddress
from headrace.clickhouse.reading import read_columns
from headrace.features import Feature, FeatureSet
from headrace.modelfolder import ModelFolder
from headrace.wire.avro_schema import leaves, parse_record
from trainer.core.query import Query
from trainer.ports import Dataset, Rows

INSTANT = pa.timestamp("ms", tz="UTC")
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
QUERY = """
SELECT request_id, entity, {instant}(event_time), label, {instant}(label_time), weight, version, {features}
FROM (
    SELECT request_id, entity, event_time, label, label_time, 1. AS weight, '' AS version, {names}
    FROM {model}_history FINAL
    WHERE event_time >= %(first)s AND event_time < %(end)s
        AND label_time <= %(known)s AND imported_at <= %(as_of)s
        AND request_id NOT IN (
            SELECT request_id FROM {model}_labels
            WHERE reason = '' AND label_time <= %(known)s AND received_at <= %(as_of)s AND request_id IN ({answered})
        )
    ORDER BY imported_at DESC
    LIMIT 1 BY request_id
    UNION ALL
    SELECT p.request_id, entity, event_time, k.label, k.label_time, 1 / inclusion_probability, version, {names}
    FROM (
        SELECT *
        FROM {model}_predictions FINAL
        WHERE event_time >= %(first)s AND event_time < %(end)s AND scored_at <= %(as_of)s
        ORDER BY scored_at, source_partition, source_offset
        LIMIT 1 BY request_id
    ) AS p
    INNER JOIN (
        SELECT
            request_id,
            assumeNotNull(argMax(l.label, (l.label_time, l.received_at, l.partition, l.offset))) AS label,
            assumeNotNull(max(l.label_time)) AS label_time
        FROM {model}_labels AS l FINAL
        WHERE l.reason = '' AND l.label_time <= %(known)s AND l.received_at <= %(as_of)s
            AND l.request_id IN ({answered})
        GROUP BY request_id
    ) AS k ON k.request_id = p.request_id
)
"""
# Only the labels of these are looked at: of two spans of time neither pays for the other's.
ANSWERED = """
SELECT request_id FROM {model}_predictions
WHERE event_time >= %(first)s AND event_time < %(end)s AND scored_at <= %(as_of)s
"""
FAR = datetime(2299, 12, 31, tzinfo=UTC)
ORDER = [("event_time", "ascending"), ("request_id", "ascending")]


class ClickHouseRows(Rows):
    """A model's rows in ClickHouse."""

    def __init__(self, address: ClickHouseAddress) -> None:
        self._address = address

    def read(self, folder: ModelFolder, asked: Query, as_of: datetime) -> Dataset:
        """Read both parts; raises ClickHouseRefused or ClickHouseUnreachable."""
        first, until = asked.since or EARLIEST, asked.until
        return Dataset(
            training=_read(self._address, folder, first=first, end=until, known=until, as_of=as_of),
            evaluation=_read(self._address, folder, first=until, end=asked.evaluate_until, known=FAR, as_of=as_of),
        )


def _read(address: ClickHouseAddress, folder: ModelFolder, **instants: datetime) -> pa.Table:
    query = QUERY.format(
        model=folder.name,
        instant="toUnixTimestamp64Milli",
        answered=ANSWERED.format(model=folder.name).strip(),
        features=", ".join(_queried(feature) for feature in folder.features.features),
        names=", ".join(f"`{name}`" for name in folder.features.names),
    )
    # As text: the driver writes a datetime without its fraction of a second.
    asked = {name: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] for name, moment in instants.items()}
    rows = read_columns(address, query, asked, schema(folder.features), doing="reading the rows to learn from")
    rows = rows.sort_by(ORDER).combine_chunks()
    if folder.task == "classification":
        rows = rows.set_column(3, "label", rows["label"].cast(pa.bool_()))
    return rows


def schema(features: FeatureSet) -> pa.Schema:
    """The columns of a dataset as ClickHouse gives them."""
    own = [("request_id", pa.string()), ("entity", pa.string()), ("event_time", INSTANT), ("label", pa.float64())]
    own += [("label_time", INSTANT), ("weight", pa.float64()), ("version", pa.string())]
    return pa.schema([*own, *((leaf.path, leaf.node.arrow) for leaf in leaves(parse_record(features.schema)))])


def _queried(feature: Feature) -> str:
    """A feature in the form that crosses the wire cheaply: numbers instead of dates, instants and booleans."""
    name = f"`{feature.name}`"
    if feature.logical == "date":
        return f"toInt32({name})"
    if feature.logical in ("timestamp-millis", "timestamp-micros"):
        return f"toUnixTimestamp64{'Milli' if feature.logical.endswith('millis') else 'Micro'}({name})"
    return f"toUInt8({name})" if feature.kind == "boolean" else name
