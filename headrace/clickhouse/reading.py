"""Reading many rows: by column and block after block, so that no more than one block is ever Python objects."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pyarrow as pa
from clickhouse_driver import Client
from clickhouse_driver import errors as driver
from clickhouse_driver.result import IterQueryResult

from headrace.clickhouse.client import ClickHouseAddress, first_part
from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable


class _Blocks(IterQueryResult):  # type: ignore[misc]
    """Hands out each block's columns where the driver would hand out its rows."""

    def __next__(self) -> list[Any]:
        block = getattr(next(self.packet_generator), "block", None)
        return [block.get_columns()] if block is not None and block.num_rows else []


def read_columns(
    address: ClickHouseAddress,
    query: str,
    parameters: Mapping[str, Any],
    schema: pa.Schema,
    *,
    doing: str,
    timeout_s: float = 600.0,
) -> pa.Table:
    """The rows of a query as a table; instants and booleans of the schema are to be queried as integers.

    Raises ClickHouseRefused or ClickHouseUnreachable.
    """
    client = Client(**address.options(timeout_s))
    client.iter_query_result_cls = _Blocks
    try:
        with closing(client.execute_iter(query, dict(parameters))) as blocks:
            return pa.Table.from_batches([_batch(columns, schema) for columns in blocks], schema)
    except driver.ServerException as error:
        raise ClickHouseRefused(doing, error.code, first_part(error.message)) from None
    except (driver.Error, OSError, EOFError) as error:
        at = f"{address.host}:{address.port}"
        raise ClickHouseUnreachable(doing, at, str(error) or type(error).__name__) from None
    finally:
        client.disconnect()


def _batch(columns: Any, schema: pa.Schema) -> pa.RecordBatch:
    made = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.record_batch(made, schema)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).view(kind)
    if pa.types.is_date32(kind):
        return pa.array(values, pa.int32()).view(kind)
    if pa.types.is_boolean(kind):
        return pa.array(values, pa.uint8()).cast(kind)
    return pa.array(values, kind)
