"""The batch worker's composition root."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import pyarrow as pa
from prometheus_client import CollectorRegistry, Counter

from headrace import topics
from headrace.batch.formats.known import Formats
from headrace.batch.store import JobStore
from headrace.batch.tasks import GROUP, decoded
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.clients import ErrorEar
from headrace.kafka.connect import kafka_address
from headrace.kafka.group import GroupOffsets
from headrace.priority import lower_priority
from headrace.registry import Registry
from headrace.settings import Settings
from streams.batch.memory import Budget
from streams.batch.models import Models
from streams.batch.output import Outputs
from streams.batch.parting import Parting
from streams.batch.reached import ReachedByReceipt
from streams.batch.working import Working
from streams.engine.application import Application, new_application
from streams.engine.batch import Batch
from streams.engine.failpoint import Failpoints
from streams.engine.feed import Feed
from streams.engine.group import group_config
from streams.engine.pages import add_pages
from streams.engine.settled import FromSettled
from streams.engine.source import GroupSource
from streams.engine.transaction import Transactions
from streams.engine.watchdog import Watchdog

# A part may take hours; whoever is alive keeps it. One that is killed loses it within the session's six seconds.
LONGEST_PART_MS = 86_400_000


def build_app(settings: Settings, memory: int) -> Application:
    """A batch worker: one source, one agent that does one part at a time. memory: bytes for the whole process."""
    name = settings.worker_name("batch")
    give_way()
    # Arrow's own pool is no faster here, and takes 30 MB more.
    pa.set_memory_pool(pa.system_memory_pool())
    failpoints = Failpoints.read()
    transactions = _transactions(settings, name, failpoints)
    source = _source(settings, name, transactions)
    working = Working(
        store=JobStore.open(settings.registry_url),
        parting=_parting(settings, memory, transactions, failpoints),
        worker=name,
        failpoints=failpoints,
    )
    app = new_application(
        name,
        folder=settings.data_dir / "faust" / name,
        http_host=settings.worker.http_host,
        http_port=settings.worker.http_port,
    )
    channel = app.channel(maxsize=1)
    app.service(Feed(source, channel))  # type: ignore[arg-type]
    registry = CollectorRegistry()
    parts = Counter("headrace_batch_parts", "Parts by what became of them", ["outcome"], registry=registry)
    rows = Counter("headrace_batch_rows", "Rows scored or rejected", registry=registry)
    counted: dict[str, int] = {"rows": 0, "parts": 0}

    def status() -> Mapping[str, Any]:
        return {"worker": name, **counted, "partitions": [f"{t}/{p}" for t, p in source.assigned]}

    add_pages(app, registry, lambda: bool(source.assigned), status)

    @app.agent(channel)
    async def score(batches: Any) -> None:
        async for batch in batches:
            await one(batch)

    async def one(batch: Batch) -> None:
        def work() -> None:
            task = decoded(batch.messages[0].value())
            if task is not None:
                done = working.do(task, batch)
                parts.labels(done.outcome).inc()
                rows.inc(done.rows)
                counted["rows"] += done.rows
                counted["parts"] += done.outcome == "done"
            failpoints.passing("batch_before_ack")
            if task is None or not done.acknowledged:
                # A task that comes again because of a lost commit finds its receipt.
                source.commit_later(batch.next_offsets)

        await batch.perform(work)

    return app


def give_way() -> None:
    """Whoever answers requests on this machine comes first: least urgent, and one thread for whatever computes."""
    lower_priority()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _transactions(settings: Settings, name: str, failpoints: Failpoints) -> Transactions:
    return Transactions(
        address=kafka_address(settings),
        group=GROUP,
        worker=name,
        timeout_s=settings.worker.transaction_timeout_s,
        watchdog=Watchdog(settings.worker.watchdog_s),
        failpoints=failpoints,
    )


def _parting(settings: Settings, memory: int, transactions: Transactions, failpoints: Failpoints) -> Parting:
    return Parting(
        models=Models(Registry.open(settings.registry_url), settings.bundle_cache),
        formats=Formats(lambda: clickhouse_address(settings)),
        outputs=Outputs(
            store_url=settings.registry_url,
            clickhouse=cache(lambda: ClickHouse(clickhouse_address(settings))),
            deliver=transactions.deliver,
        ),
        budget=Budget(memory),
        failpoints=failpoints,
    )


def _source(settings: Settings, name: str, transactions: Transactions) -> GroupSource:
    address, ear, watchdog = kafka_address(settings), ErrorEar(), Watchdog(settings.worker.watchdog_s)
    reached = ReachedByReceipt(address)
    return GroupSource(
        # Neighbouring partitions go to different workers, and neighbouring parts to neighbouring partitions.
        config=group_config(address, group=GROUP, instance=name, ear=ear)
        | {"partition.assignment.strategy": "roundrobin", "max.poll.interval.ms": LONGEST_PART_MS},
        topics=[topics.BATCH_TASKS],
        start=FromSettled(transactions, partial(GroupOffsets, address, GROUP), reached, watchdog),
        watchdog=watchdog,
        ear=ear,
        batch_rows=1,
        burst_rows=1,
    )
