"""A ClickHouse of the bench's own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.process import Running, await_all, running
from deploy.bench.site import Site
from deploy.local.kafka.ports import pick_free
from deploy.local.part import HOST
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress, statements
from headrace.clickhouse.ddl import model_script, shared_script
from headrace.clickhouse.errors import ClickHouseUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The process, where it is, and a connection to it."""

    child: Running
    address: ClickHouseAddress
    client: ClickHouse

    @property
    def env(self) -> dict[str, str]:
        """What leads a worker here."""
        return {"HEADRACE_CLICKHOUSE__HOST": HOST, "HEADRACE_CLICKHOUSE__PORT": str(self.address.port)}

    def count(self, model: str) -> int:
        """Rows of the model's predictions."""
        return int(self.client.rows(f"SELECT count() FROM {model}_predictions")[0][0])


@contextmanager
def engine(folder: Path, name: str, *sites: Site) -> Iterator[Engine]:
    """A new one with the tables of some models, gone at the end of the block; its data stays in the folder."""
    (port,) = pick_free(1, besides=())
    address = ClickHouseAddress(host=HOST, port=port)
    arguments = ("--path", str(folder / name), "--host", HOST, "--port", str(port))
    with running(folder, name, "deploy.local.clickhouse", *arguments) as child:
        client = ClickHouse(address)
        await_all((child,), lambda: _answers(client), f"{name}'s readiness")
        for script in (shared_script(), *(model_script(site.model, site.features) for site in sites)):
            for statement in statements(script):
                client.run(statement, doing="creating the tables")
        yield Engine(child=child, address=address, client=client)
        client.close()


def _answers(client: ClickHouse) -> bool:
    try:
        return bool(client.rows("SELECT 1"))
    except ClickHouseUnreachable:
        time.sleep(0.1)
        return False
