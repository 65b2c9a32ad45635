"""One connection to ClickHouse, opened when needed and opened again after it broke."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_driver import errors as driver

from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable
from headrace.clickhouse.memory import ColumnarClient
from headrace.settings import Settings

# Asynchronous inserts acknowledge before the rows are safe; the engine's default is to use them.
SETTINGS = {"async_insert": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouseAddress:
    """Where ClickHouse is and who asks."""

    host: str
    port: int
    user: str = "default"
    password: str = ""
    database: str = "default"
    secure: bool = False

    def options(self, timeout_s: float) -> dict[str, Any]:
        """As the driver's client takes it."""
        where = {name: getattr(self, name) for name in ("host", "port", "user", "password", "database", "secure")}
        return where | {"connect_timeout": 10, "send_receive_timeout": timeout_s, "settings": SETTINGS}


def clickhouse_address(settings: Settings) -> ClickHouseAddress:
    """Where ClickHouse is, as the settings say; raises SettingsError when they do not."""
    host, port = settings.clickhouse_address()
    part = settings.clickhouse
    return ClickHouseAddress(
        host=host,
        port=port,
        user=part.user,
        password=part.password.get_secret_value(),
        database=part.database,
        secure=part.secure,
    )


class ClickHouse:
    """Queries and columnar inserts; not to be shared between threads."""

    def __init__(self, address: ClickHouseAddress, *, timeout_s: float = 60.0) -> None:
        self.address = address
        # The driver logs a traceback before it raises what becomes one sentence here.
        logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
        self._client = ColumnarClient(**address.options(timeout_s))

    def rows(
        self, query: str, parameters: Mapping[str, Any] | None = None, *, doing: str = "querying"
    ) -> list[tuple[Any, ...]]:
        """Run a query; the rows as tuples."""
        found: Any = self._call(doing, query, parameters)
        return found if isinstance(found, list) else []

    def run(self, statement: str, *, doing: str) -> None:
        """Run a statement that gives no rows."""
        self._call(doing, statement, None)

    def table(self, query: str, *, doing: str = "querying") -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run a query; column names and rows."""
        rows, columns = self._call(doing, query, None, with_column_types=True)
        return [name for name, _ in columns], rows

    def insert(
        self, table: str, columns: Mapping[str, Sequence[Any]], *, token: str | None = None, doing: str | None = None
    ) -> None:
        """Insert columns of equal length; of numbers without nulls a memoryview is quickest.

        A second insert with the same token adds nothing.
        """
        names = ", ".join(f"`{name}`" for name in columns)
        settings = {"insert_deduplication_token": token} if token else None
        self._call(
            doing or f"inserting into {table}",
            f"INSERT INTO {table} ({names}) VALUES",
            list(columns.values()),
            columnar=True,
            settings=settings,
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.disconnect()

    def _call(self, doing: str, query: str, parameters: Any, **options: Any) -> Any:
        at = f"{self.address.host}:{self.address.port}"
        try:
            return self._client.execute(query, parameters, **options)
        except driver.ServerException as error:
            raise ClickHouseRefused(doing, error.code, first_part(error.message)) from None
        except driver.TypeMismatchError as error:
            # The driver's own refusal, in the midst of an insert: what comes next needs a new connection.
            self._client.disconnect()
            raise ClickHouseRefused(doing, error.code, error.message) from None
        except (driver.Error, OSError, EOFError) as error:
            self._client.disconnect()
            raise ClickHouseUnreachable(doing, at, str(error) or type(error).__name__) from None


def first_part(message: str) -> str:
    """ClickHouse's sentence without the stack and without every word that it would have understood."""
    return message.partition("Stack trace")[0].partition("Expected one of")[0].strip()


def statements(script: str) -> list[str]:
    """The statements of a script of ours: separated by a semicolon at a line's end."""
    bare = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in bare.split(";\n") if part.strip().rstrip(";")]
