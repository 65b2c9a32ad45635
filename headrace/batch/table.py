"""The ClickHouse table that a job's output may be."""

import pyarrow as pa

from headrace.batch.errors import OutputUnusable
from headrace.batch.job import Part, Plan
from headrace.batch.layout import DECISION, SCORE
from headrace.clickhouse.client import ClickHouse

TYPES = {
    pa.bool_(): "Bool",
    pa.float32(): "Float32",
    pa.float64(): "Float64",
    pa.date32(): "Date32",
    **{getattr(pa, f"{sign}int{bits}")(): f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
INSTANTS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def create_table(clickhouse: ClickHouse, table: str, columns: pa.Schema) -> None:
    """Create the table of a job's rows unless it is there; raises OutputUnusable when its columns are others.

    A row's identity is its job, part and number, and the engine keeps one row of each.
    """
    typed = {field.name: _type(field) for field in columns}
    own = {"_job": "LowCardinality(String)", "_part": "UInt32", "_row": "UInt64", "_version": "LowCardinality(String)"}
    wanted = typed | own
    described = ", ".join(f"`{name}` {kind}" for name, kind in wanted.items())
    clickhouse.run(
        f"CREATE TABLE IF NOT EXISTS {table} ({described}) ENGINE = ReplacingMergeTree ORDER BY (_job, _part, _row) "
        "SETTINGS non_replicated_deduplication_window = 10000",
        doing=f"creating {table}",
    )
    there = {str(row[0]): str(row[1]) for row in clickhouse.rows(f"DESCRIBE TABLE {table}")}
    if wrong := [name for name, kind in wanted.items() if there.get(name) != kind]:
        told = ", ".join(f"{name} {there.get(name, 'missing')} (not {wanted[name]})" for name in wrong[:5])
        raise OutputUnusable(f"the table {table} is another one: {told}; name a new table, which is then created")


def rows_of_part(clickhouse: ClickHouse, plan: Plan, part: Part) -> int:
    """How many rows of a part the table holds."""
    table = plan.output.partition(":")[2]
    query = f"SELECT count() FROM {table} FINAL WHERE _job = %(job)s AND _part = %(part)s"
    return int(clickhouse.rows(query, {"job": plan.job, "part": part.number}, doing=f"reading {table}")[0][0])


def _type(field: pa.Field) -> str:
    if field.name in (SCORE, DECISION):
        return TYPES[field.type]
    if pa.types.is_timestamp(field.type):
        zone = f", '{field.type.tz}'" if field.type.tz else ""
        return f"Nullable(DateTime64({INSTANTS[field.type.unit]}{zone}))"
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if kind not in TYPES and not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        raise OutputUnusable(f"the column {field.name} is {field.type}, which no table here can hold; leave it out")
    return f"Nullable({TYPES.get(kind, 'String')})"
