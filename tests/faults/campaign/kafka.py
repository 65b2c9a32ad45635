"""Faults of the broker: restarted, killed, away, one of three."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from deploy.local.kafka.server import KafkaServer
from streams.engine.watchdog import EXIT_CODE
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.servers import Servers, own_engine
from tests.faults.campaign.spending import Spending
from tests.faults.campaign.stage import Stage
from tests.faults.cluster import Cluster
from tests.faults.worker import Worker

RATE = 200.0
# How workers may end when the broker does: the watchdog; a static member whose answer to a join got lost with the
# broker finds its name taken.
MAY_END = {EXIT_CODE, 2}
PLACES = ("after_produce", "after_offsets", "after_score", "after_commit")


def restarted(stage: Stage) -> None:
    """A scorer is frozen within a transaction, outputs sent, while the broker is restarted, and goes on after that."""
    _ended_and_started(stage, KafkaServer.stop)


def killed(stage: Stage) -> None:
    """The same, and the broker has no time to say goodbye."""
    _ended_and_started(stage, KafkaServer.kill)


def _ended_and_started(stage: Stage, end: Callable[[KafkaServer], object]) -> None:
    scorer, sink = _reading(stage, ["after_produce=stop@20"])
    stage.sending(rate=RATE)
    stage.until(scorer.frozen, "a scorer frozen within a transaction")
    for _ in range(_times(stage)):
        end(stage.kafka)
        stage.kafka.start()
        stage.struck()
        _await_more_of(stage, scorer)
    stage.expect(set(scorer.ends) <= MAY_END and sink.ends == [], f"workers ended: {scorer.ends} {sink.ends}")


def _await_more_of(stage: Stage, scorer: Worker) -> None:
    """Wait for rows; a scorer that is frozen goes on, in whichever of its lives that is."""
    before = stage.rows()

    def more() -> bool:
        if scorer.frozen():
            scorer.signal(signal.SIGCONT)
        return stage.rows() >= before + 300

    stage.until(more, "300 more rows in ClickHouse", 90)


def killed_together(stage: Stage) -> None:
    """Broker and scorer are killed at once, the scorer in the middle of a batch."""
    times = _times(stage)
    places = cycle(PLACES)
    scorer, sink = _reading(stage, [f"{next(places)}=stop@20" for _ in range(times)])
    stage.sending(rate=RATE)
    for life in range(times):
        stage.until(scorer.frozen, "a scorer frozen within a batch", 90)
        stage.kafka.kill()
        scorer.signal(signal.SIGKILL)
        stage.kafka.start()
        stage.until(lambda life=life: len(scorer.ends) > life, "the scorer's end")  # type: ignore[misc]
        stage.struck()
    stage.await_more(300)
    stage.expect(scorer.ends.count(-signal.SIGKILL) == times, f"the scorer ended with {scorer.ends}")
    stage.expect(sink.ends == [], f"the sink ended: {sink.ends}")


def away_a_minute(stage: Stage) -> None:
    """A broker that is back after a minute."""
    _away(stage, 60)


def away_five_minutes(stage: Stage) -> None:
    """A broker that is back after more than any time-out."""
    _away(stage, 300)


def _away(stage: Stage, seconds: float) -> None:
    away_s = stage.size.seconds(seconds)
    workers = _reading(stage)
    stage.sending(rate=stage.outlasting(seconds + 60))
    stage.await_more(200)
    stage.kafka.stop()
    spending = Spending(workers)
    stage.wait(away_s)
    cpu_s, lines, lives = spending.stop()
    stage.kafka.start()
    stage.struck()
    stage.await_more(200)
    stage.note("away_s", away_s)
    stage.note("cpu_s", round(cpu_s, 2))
    stage.note("log_lines", lines)
    stage.note("lives", lives)
    stage.expect(cpu_s < 5 + 0.15 * away_s, f"workers spent {cpu_s:.1f} s of processor in {away_s:.0f} s of waiting")
    stage.expect(lines < 50 + 2 * away_s, f"workers wrote {lines} lines of log in {away_s:.0f} s of waiting")
    stage.expect({end for worker in workers for end in worker.ends} <= MAY_END, f"workers ended: {lives} times")


def one_of_three(stage: Stage) -> None:
    """One broker at a time is killed: the one that leads the requests, the transactions' or the group's coordinator."""
    cluster: Cluster = stage.kafka
    scorer, sink = _reading(stage)
    stage.sending(rate=RATE)
    stage.await_more(200)
    roles = cycle((f"{stage.world.model}.requests", "__transaction_state", "__consumer_offsets"))
    for _ in range(min(6, _times(stage) + 1)):
        victim = cluster.servers[cluster.leader(next(roles))]
        victim.kill()
        stage.struck()
        stage.await_more(300)
        victim.start()
        stage.until(cluster.is_whole, "all replicas in sync", 120)
    stage.await_more(300)
    stage.expect(set(scorer.ends + sink.ends) <= MAY_END, f"workers ended: {scorer.ends} {sink.ends}")


def _reading(stage: Stage, failpoints: Sequence[str] = ()) -> tuple[Worker, Worker]:
    """A scorer and a sink that have their partitions: what is sent from now on makes many small batches."""
    workers = stage.world.scorer(failpoints=failpoints), stage.world.sink()
    for worker in workers:
        stage.until(lambda worker=worker: worker.said("partitions-assigned"), "partitions of its own", 120)  # type: ignore[misc]
    return workers


def _times(stage: Stage) -> int:
    """Twenty restarts would be twenty times the same."""
    return min(stage.size.times, 8)


@contextmanager
def three_brokers(folder: Path) -> Iterator[Servers]:
    """Three brokers and an engine."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        with own_engine(folder) as engine:
            yield Servers(kafka=cluster, engine=engine, bootstrap=cluster.address)
    finally:
        cluster.stop()


FAULTS = (
    Fault(
        rows=(7,),
        name="broker-restarted",
        title="The broker is restarted cleanly under load, once with a scorer frozen within a transaction.",
        strike=restarted,
        about_s=150,
    ),
    Fault(
        rows=(8,),
        name="broker-killed",
        title="The broker is killed under load and comes back, once with a scorer frozen within a transaction.",
        strike=killed,
        about_s=150,
    ),
    Fault(
        rows=(1, 8),
        name="broker-and-scorer-killed",
        title="The broker and the scorer are killed at one moment, at each step of a batch.",
        strike=killed_together,
        about_s=180,
    ),
    Fault(
        rows=(9,),
        name="broker-away-1min",
        title="The broker is away for a minute; workers wait without a busy loop and go on.",
        strike=away_a_minute,
        about_s=150,
    ),
    Fault(
        rows=(9,),
        name="broker-away-5min",
        title="The broker is away for five minutes; workers wait without a busy loop and go on.",
        strike=away_five_minutes,
        about_s=420,
    ),
    Fault(
        rows=(8,),
        name="one-of-three-brokers-killed",
        title="Of three brokers one is killed under load: the leader of requests, a coordinator; it comes back.",
        strike=one_of_three,
        servers=three_brokers,
        world={"replication": 3},
        about_s=240,
    ),
)
