"""What a scorer and a sink need around them: a model that is applied but not released, and ClickHouse."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.bench import models
from deploy.bench.process import Running, await_all
from deploy.bench.session import Session
from deploy.bench.site import PARTITIONS, Site
from deploy.local.part import HOST, Part, launch_clickhouse
from headrace.apply.applying import apply
from headrace.bundle import Draft
from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
from headrace.modelfolder import ModelFolder, ModelToml

FEATURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two that are measured; database is for asking how far the sink is."""

    site: Site
    scorer: Running
    sink: Running
    database: ClickHouse

    @property
    def both(self) -> tuple[Running, ...]:
        """Both processes."""
        return self.scorer, self.sink

    def await_rows(self, count: int) -> None:
        """Wait until ClickHouse holds so many rows."""
        query = f"SELECT count() FROM {self.site.model}_predictions"
        await_all(self.both, lambda: self.database.rows(query)[0][0] >= count, f"{count} rows in ClickHouse", 600.0)


@contextmanager
def clickhouse(run: Session) -> Iterator[ClickHouse]:
    """The engine, as a process of its own."""
    part = Part("ClickHouse", 0, run.folder)
    with ExitStack() as stack:
        stack.callback(part.stop)
        launch_clickhouse(part, run.folder / "clickhouse")
        part.await_ready()
        database = ClickHouse(ClickHouseAddress(host=HOST, port=part.port))
        stack.callback(database.close)
        yield database


@contextmanager
def pair(run: Session, database: ClickHouse, number: int, megabytes: int) -> Iterator[Pair]:
    """A scorer that has no release yet and a sink, of a model of their own."""
    model = f"memory{number}"
    site = Site.make(run.address, run.folder / model, model, models.numbers(FEATURES))
    toml = ModelToml(name=model, partitions=PARTITIONS)
    folder = ModelFolder(path=site.folder, toml=toml, features=site.features)
    apply(folder, kafka=run.address, replication=1, clickhouse=database, schemas=site.registry)
    site.put(_draft(site, megabytes))
    place = {
        "HEADRACE_CLICKHOUSE__HOST": database.address.host,
        "HEADRACE_CLICKHOUSE__PORT": str(database.address.port),
    }
    with site.worker("score", f"score-{number}") as scorer, site.worker("sink", f"sink-{number}", env=place) as sink:
        await_all((scorer, sink), lambda: scorer.ready("healthz") and sink.ready(), "the start")
        yield Pair(site=site, scorer=scorer, sink=sink, database=database)


def _draft(site: Site, megabytes: int) -> Draft:
    if megabytes:
        return models.forest(site.model, 1, site.features, megabytes)
    return models.linear(site.model, 1, site.features)
