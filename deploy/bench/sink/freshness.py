"""How long after an answer its row can be read, at a steady rate through the whole chain."""

import threading
import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from deploy.bench import models
from deploy.bench.errors import BenchFailed
from deploy.bench.load.run import send, write_values
from deploy.bench.load.task import Task
from deploy.bench.process import await_all
from deploy.bench.sink.blocks import Backlog
from deploy.bench.sink.engine import Engine, engine
from deploy.bench.site import PARTITIONS, Site
from headrace import topics
from headrace.clickhouse.client import ClickHouse

VALUES = 5_000
LOOK_S = 0.02
LAST_S = 60.0


@dataclass(slots=True)
class Watch:
    """Looks again and again how far the rows of each partition reach; seen is (time, partition, last offset)."""

    into: Engine
    model: str
    seen: list[tuple[float, int, int]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until stopped."""
        client = ClickHouse(self.into.address)
        query = f"SELECT source_partition, max(last_offset) FROM blocks WHERE model = '{self.model}' GROUP BY 1"
        known: dict[int, int] = {}
        while not self.stop.wait(LOOK_S):
            found = client.rows(query)
            # After the answer: a row is not called visible before it was seen.
            now = time.time()
            for partition, last in found:
                if known.get(partition) != last:
                    known[partition] = last
                    self.seen.append((now, partition, last))
        client.close()


def freshness(
    site: Site, other: Site, backlog: Backlog, rate: int, seconds: float, rounds: int
) -> list[dict[str, float]]:
    """One round after the other, on one scorer, one sink and one engine; once the other model's backlog is done."""
    with (
        engine(site.folder, "engine", site, other) as into,
        site.worker("score", "fresh-scorer") as scorer,
        site.worker("sink", "fresh-sink", env=into.env) as sink,
    ):
        await_all((scorer, sink), lambda: scorer.ready() and sink.ready(), "readiness")
        await_all((sink,), lambda: into.count(other.model) >= backlog.rows, "the backlog's end")
        task = _task(site, rate, seconds)
        watch = Watch(into, site.model)
        thread = threading.Thread(target=watch.run, daemon=True)
        thread.start()
        found = []
        for _ in range(rounds):
            began, wanted = time.time(), into.count(site.model) + task.count
            send(task, (scorer, sink))
            await_all((sink,), partial(_holds, into, site.model, wanted), "the last row", LAST_S)
            await_all((sink,), partial(_saw_all, into, watch, site.model), "the last block, which follows it", LAST_S)
            found.append(_figures(into, watch, site.model, began + task.warm_s))
        watch.stop.set()
        thread.join()
        return found


def _task(site: Site, rate: int, seconds: float) -> Task:
    values = write_values(site.folder / "fresh.arrow", models.requests(site.model, site.features, VALUES)[0])
    return Task(
        bootstrap=site.address.bootstrap,
        requests=topics.requests(site.model),
        answers=topics.predictions(site.model),
        partitions=PARTITIONS,
        values=str(values),
        rate=rate,
        warm_s=2.0,
        seconds=seconds,
        out=str(site.folder / "fresh.out"),
    )


def _holds(into: Engine, model: str, wanted: int) -> bool:
    return into.count(model) >= wanted


def _saw_all(into: Engine, watch: Watch, model: str) -> bool:
    ends = into.client.rows(f"SELECT source_partition, max(source_offset) FROM {model}_predictions GROUP BY 1")
    reached = {partition: last for _, partition, last in watch.seen}
    return all(reached.get(partition, -1) >= end for partition, end in ends)


def _figures(into: Engine, watch: Watch, model: str, since: float) -> dict[str, float]:
    waits = np.concatenate([_waits(into, watch, model, partition, since) for partition in range(PARTITIONS)])
    if not len(waits):
        raise BenchFailed("no rows came")
    p50, p99 = np.quantile(waits, (0.5, 0.99)).tolist()
    return {"p99_s": p99, "p50_s": p50, "max_s": float(waits.max()), "rows": float(len(waits))}


def _waits(into: Engine, watch: Watch, model: str, partition: int, since: float) -> NDArray[np.float64]:
    """Of each row of a partition: from when its answer was made to when the row was first seen."""
    rows = into.client.rows(
        f"SELECT source_offset, toUnixTimestamp64Micro(scored_at) FROM {model}_predictions "
        "WHERE source_partition = %(partition)s AND scored_at >= fromUnixTimestamp64Micro(%(since)s) ORDER BY 1",
        {"partition": partition, "since": int(since * 1e6)},
    )
    if not rows:
        return np.zeros(0)
    offset, scored = np.array(rows, np.int64).T
    seen = [(at, last) for at, of, last in watch.seen if of == partition]
    at, last = np.array([at for at, _ in seen]), np.array([last for _, last in seen])
    return np.asarray(at[np.searchsorted(last, offset)] - scored / 1e6)
