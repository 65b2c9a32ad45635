"""The sink's composition root."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from headrace import topics
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.clients import ErrorEar
from headrace.kafka.connect import kafka_address
from headrace.settings import Settings
from streams.engine.application import Application, new_application
from streams.engine.batch import Batch
from streams.engine.failpoint import Failpoints
from streams.engine.feed import Feed
from streams.engine.group import group_config
from streams.engine.pages import add_pages
from streams.engine.source import GroupSource
from streams.engine.watchdog import Watchdog
from streams.sink.intents import Intents
from streams.sink.resume import FromClickHouse, read_range
from streams.sink.store import SinkStore
from streams.sink.writing import Writing

# Regular expressions begin with ^; a model that is applied later is found within seconds.
TOPICS = (r"^[a-z][a-z0-9_]*\.(logs|labels)$", topics.RELEASES, topics.OPERATIONS, topics.TRAINING)
BLOCKS_A_BATCH = 5000


def build_app(settings: Settings) -> Application:
    """A sink: one source, one agent, one connection to ClickHouse that only the source's thread uses."""
    name = settings.worker_name("sink")
    failpoints = Failpoints.read()
    source, writing = _source(settings, failpoints)
    intents = Intents(source.commit, failpoints)
    app = new_application(
        name,
        folder=settings.data_dir / "faust" / name,
        http_host=settings.worker.http_host,
        http_port=settings.worker.http_port,
    )
    channel = app.channel(maxsize=1)
    app.service(Feed(source, channel))  # type: ignore[arg-type]
    registry = CollectorRegistry()
    rows = Counter("headrace_sink_rows", "Rows written to ClickHouse", registry=registry)
    behind = Gauge("headrace_behind_seconds", "Age of the oldest log block or event that waits", registry=registry)
    behind.set_function(source.behind.seconds)
    not_written = Counter("headrace_sink_batches_not_written", "Batches that must be read again", registry=registry)

    def status() -> Mapping[str, Any]:
        return {"worker": name, "rows": writing.rows, "partitions": [f"{t}/{p}" for t, p in source.assigned]}

    add_pages(app, registry, lambda: bool(source.assigned), status)

    @app.agent(channel)
    async def sink(batches: Any) -> None:
        async for batch in batches:
            await one(batch)

    async def one(batch: Batch) -> None:
        before = writing.rows

        def work() -> None:
            writing.write(batch.messages, intents.write)
            source.commit(batch.next_offsets)
            failpoints.passing("after_commit")

        if await batch.perform(work):
            rows.inc(writing.rows - before)
        else:
            not_written.inc()

    return app


def _source(settings: Settings, failpoints: Failpoints) -> tuple[GroupSource, Writing]:
    """What reads Kafka, and what its thread writes to ClickHouse."""
    address, ear = kafka_address(settings), ErrorEar()
    store = SinkStore(ClickHouse(clickhouse_address(settings)), failpoints)
    writing = Writing(store, settings.worker.sink_rows)
    source = GroupSource(
        # No static member: Kafka would give one that is back within its session its old partitions again, without the
        # topics of models applied meanwhile, and nobody would read those (KAFKA-12759).
        config=group_config(address, group=topics.SINK_GROUP, ear=ear),
        topics=TOPICS,
        start=FromClickHouse(partial(read_range, address), store, writing),
        watchdog=Watchdog(settings.worker.watchdog_s),
        ear=ear,
        batch_rows=BLOCKS_A_BATCH,
        linger_s=settings.worker.sink_seconds,
    )
    return source, writing
