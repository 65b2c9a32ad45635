"""The formats by name, and which one an address means."""

from collections.abc import Callable

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import sources
from headrace.batch.formats.avro import Avro
from headrace.batch.formats.lines import Csv, JsonLines
from headrace.batch.formats.parquet import Parquet
from headrace.batch.formats.piece import FileFormat, Format
from headrace.batch.formats.query import PREFIX, Query
from headrace.batch.job import Source
from headrace.clickhouse.client import ClickHouseAddress

FILES: dict[str, FileFormat] = {"parquet": Parquet(), "csv": Csv(), "json lines": JsonLines(), "avro": Avro()}
QUERY = "query"


class Formats:
    """All formats; clickhouse is asked for an address only where a query is read."""

    def __init__(self, clickhouse: Callable[[], ClickHouseAddress]) -> None:
        self._query = Query(clickhouse)

    def called(self, name: str) -> Format:
        """The format of a plan."""
        return self._query if name == QUERY else FILES[name]

    def found(self, address: str, key: str = "") -> tuple[str, tuple[Source, ...]]:
        """The name of an address's format and its sources; key is that of a query. Raises InputUnreadable."""
        if address.startswith(PREFIX):
            return QUERY, (self._query.source(address, key),)
        every = sources(address, [suffix for one in FILES.values() for suffix in one.suffixes])
        names = {next(name for name, one in FILES.items() if s.name.lower().endswith(one.suffixes)) for s in every}
        if len(names) > 1:
            raise InputUnreadable(f"{address} holds files of several kinds ({', '.join(sorted(names))}); name one kind")
        return names.pop(), every
