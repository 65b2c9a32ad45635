"""ClickHouse: whether it answers, whether the tables are there, and what its clock says."""

import re
import time
from collections.abc import Callable, Sequence

from deploy.local.checks.finding import Finding, failed, ok, skipped
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable
from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.topics import schemas_folder

NAME = "clickhouse"
NO_ANSWER = "ClickHouse does not answer"
CREATED = re.compile(r"^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) (\S+)", re.MULTILINE)
AUTHENTICATION_FAILED = 516
UNKNOWN_DATABASE = 81
SKEW_S = 5.0


def clickhouse(settings: Settings) -> tuple[Finding, ClickHouse | None]:
    """Whether ClickHouse answers; the connection when it does."""
    try:
        address = clickhouse_address(settings)
    except SettingsError as error:
        return failed(NAME, "no address is known", str(error)), None
    client = ClickHouse(address, timeout_s=10)
    at = f"{address.host}:{address.port}"
    try:
        ((version,),) = client.rows("SELECT version()", doing="asking for the version")
    except ClickHouseUnreachable as error:
        advice = "start it (`headrace up` for the local one), or mend clickhouse.host and .port in the settings"
        return failed(NAME, str(error), advice), None
    except ClickHouseRefused as error:
        return failed(NAME, str(error), _advice(error.code)), None
    return ok(NAME, f"version {version} answers at {at}"), client


def _advice(code: int) -> str:
    if code == AUTHENTICATION_FAILED:
        return "check clickhouse.user and clickhouse.password in the settings"
    if code == UNKNOWN_DATABASE:
        return "create the database, or mend clickhouse.database in the settings"
    return "the message is ClickHouse's own; its documentation explains the code"


def shared_tables(client: ClickHouse | None) -> Finding:
    """Whether the tables that all models share are there."""
    return _tables(client, "shared tables", ("shared.sql",), "", "`headrace apply FOLDER` creates what is missing")


def model_tables(client: ClickHouse | None, models: Sequence[str]) -> list[Finding]:
    """Whether the tables and views of each model are there."""
    advice = "`headrace apply` with the model's folder creates them"
    return [_tables(client, f"tables of {model}", ("model.sql", "views.sql"), model, advice) for model in models]


def _tables(client: ClickHouse | None, name: str, scripts: Sequence[str], model: str, advice: str) -> Finding:
    if client is None:
        return skipped(name, NO_ANSWER)
    folder = schemas_folder() / "clickhouse"
    texts = [(folder / script).read_text(encoding="utf-8").replace("{model}", model) for script in scripts]
    wanted = [table for text in texts for table in CREATED.findall(text)]
    there = {row[0] for row in client.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")}
    if missing := [table for table in wanted if table not in there]:
        return failed(name, f"missing: {', '.join(missing)}", advice)
    return ok(name, f"{len(wanted)} there")


def clock(client: ClickHouse | None, now: Callable[[], float] = time.time) -> Finding:
    """Whether this machine's clock and ClickHouse's are at one; Kafka does not tell its time."""
    if client is None:
        return skipped("clock", NO_ANSWER)
    before = now()
    ((theirs,),) = client.rows("SELECT toFloat64(now64(3))", doing="asking for the time")
    skew = theirs - (before + now()) / 2
    told = f"ClickHouse's is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > SKEW_S:
        return failed("clock", told, "set both clocks by a time server: times of requests and labels are compared")
    return ok("clock", told)
