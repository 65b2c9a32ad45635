"""The scorer's composition root."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from headrace import topics
from headrace.image import Baked
from headrace.kafka.clients import ErrorEar
from headrace.kafka.connect import kafka_address
from headrace.kafka.group import GroupOffsets
from headrace.registry import Registry
from headrace.release import TrustedKeys
from headrace.settings import Settings
from headrace.wire.answer import AnswerWriter, read_schema
from streams.engine.application import Application, new_application
from streams.engine.batch import Batch
from streams.engine.broadcast import BroadcastSource
from streams.engine.failpoint import Failpoints
from streams.engine.feed import Feed
from streams.engine.group import group_config
from streams.engine.operations import Operations
from streams.engine.pages import add_pages
from streams.engine.settled import FromSettled
from streams.engine.source import GroupSource
from streams.engine.start import FromCommitted
from streams.engine.transaction import PlainProducer, Transactions
from streams.engine.watchdog import Watchdog
from streams.score.delivery import Delivery
from streams.score.gate import Gate
from streams.score.loading import Loading
from streams.score.logs import LogPartitions
from streams.score.measures import Measures
from streams.score.outputs import OutputWriter
from streams.score.reached import ReachedByLog
from streams.score.releases import Releases
from streams.score.schemas import WriterSchemas, registered
from streams.score.serving import Slot
from streams.score.trust import TrustedChain


def build_app(settings: Settings, model: str) -> Application:
    """A scorer of one model: releases and requests come from librdkafka, two agents handle them."""
    name = settings.worker_name("score")
    slot, measures, operations = Slot(), Measures(), Operations(kafka_address(settings), name)
    source, delivery, open_producers = _requests(settings, model, name)
    releases = _releases(settings, model, slot, operations)
    measures.follow(source.behind.seconds, lambda: slot.current is not None, lambda: releases.outdated)
    app = new_application(
        name,
        folder=settings.data_dir / "faust" / name,
        http_host=settings.worker.http_host,
        http_port=settings.worker.http_port,
    )
    batches, news = app.channel(maxsize=1), app.channel(maxsize=1)
    app.service(Feed(BroadcastSource(kafka_address(settings), topics.RELEASES), news))  # type: ignore[arg-type]
    app.service(Feed(Gate(source, releases.serving, open_producers), batches))  # type: ignore[arg-type]
    add_pages(
        app,
        measures.registry,
        lambda: bool(slot.current and source.assigned),
        lambda: _status(name, releases, slot, measures),
    )

    @app.agent(news)
    async def follow(stream: Any) -> None:
        async for one in stream:
            releases.take(one)

    @app.task  # type: ignore[untyped-decorator]
    async def load() -> None:
        await releases.keep_loading()

    @app.task  # type: ignore[untyped-decorator]
    async def look() -> None:
        await releases.keep_looking()

    @app.agent(batches)
    async def score(stream: Any) -> None:
        async for batch in stream:
            await one(batch)

    async def one(batch: Batch) -> None:
        serving, started, decided = slot.current, time.perf_counter(), []
        assert serving is not None, "the gate opens only once a release is served"
        if await batch.perform(lambda: decided.append(delivery.run(batch, serving))):
            measures.delivered(decided[0], time.perf_counter() - started)
        else:
            measures.not_delivered()

    return app


def _requests(settings: Settings, model: str, name: str) -> Any:
    """The source of requests, what answers them, and what must be opened before the first poll."""
    address, ear, failpoints = kafka_address(settings), ErrorEar(), Failpoints.read()
    worker, watchdog = settings.worker, Watchdog(settings.worker.watchdog_s)
    group = topics.scorers_group(model)
    transactions = Transactions(
        address=address,
        group=group,
        worker=name,
        timeout_s=worker.transaction_timeout_s,
        watchdog=watchdog,
        failpoints=failpoints,
    )
    places = LogPartitions(address, topics.logs(model))
    reached = ReachedByLog(address, topics.logs(model), places.of)
    settled = FromSettled(transactions, partial(GroupOffsets, address, group), reached, watchdog)
    exactly_once = worker.delivery == "exactly-once"
    source = GroupSource(
        config=group_config(address, group=group, instance=name, ear=ear),
        topics=[topics.requests(model)],
        start=settled if exactly_once else FromCommitted(),
        watchdog=watchdog,
        ear=ear,
        batch_rows=worker.batch_rows,
        linger_s=worker.linger_ms / 1000,
    )
    schema = read_schema(topics.schemas_folder() / "avro")
    answers = AnswerWriter(schema, registered(settings.schema_registry, model, schema))
    delivery = Delivery(
        writer=OutputWriter(model, name, answers, places.of),
        deliverer=transactions if exactly_once else PlainProducer(address, source.commit_later, failpoints),
        max_bytes=worker.max_request_bytes,
        failpoints=failpoints,
    )

    def opened() -> None:
        if exactly_once:
            transactions.open()
        places.look()

    return source, delivery, opened


def _releases(settings: Settings, model: str, slot: Slot, operations: Operations) -> Releases:
    bundles = Baked(Path(settings.image_bundle)) if settings.image_bundle else Registry.open(settings.registry_url)
    schemas = WriterSchemas(bundles, settings.schema_registry)
    loading = Loading(bundles, settings.bundle_cache, schemas, settings.pin.pinned)
    chain = TrustedChain(model, lambda: TrustedKeys.read(settings.trusted_keys_folder))
    return Releases(chain, loading, slot, operations)


def _status(name: str, releases: Releases, slot: Slot, measures: Measures) -> Mapping[str, Any]:
    serving = slot.current
    return {
        "worker": name,
        "release": serving.release if serving else None,
        "versions": list(serving.versions) if serving else [],
        "pinned": dict(serving.pinned) if serving else {},
        "not_loaded": releases.fault,
        "ok": measures.ok,
        "rejected": measures.rejected,
    }
