"""Faults of the network between workers and the broker; the witness and the checker go past the proxy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from deploy.local.kafka.server import KafkaServer
from streams.engine.watchdog import EXIT_CODE
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.seen import Seen
from tests.faults.campaign.servers import Servers, own_engine
from tests.faults.campaign.stage import Stage
from tests.faults.cluster import listening, pick_ports
from tests.faults.link import BOTH
from tests.faults.proxy import HOST, KafkaProxy
from tests.faults.worker import Worker

RATE = 200.0
MAY_END = {EXIT_CODE, 2}
STALL_S = 2.0
# What a transaction asks of the broker.
STEPS = ("Produce", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A broker that tells its clients the port of a proxy."""

    server: KafkaServer
    proxy: KafkaProxy

    def start(self, stage: Stage, **env: str) -> tuple[Worker, Worker]:
        """A scorer and a sink that know the proxy only and have their partitions; each has its name as client.id."""
        scorer = stage.world.scorer("score-a", **self._through("score-a"), **env)
        sink = stage.world.sink(**self._through("sink"))
        for worker in (scorer, sink):
            stage.until(lambda worker=worker: worker.said("partitions-assigned"), "partitions of its own", 120)  # type: ignore[misc]
        return scorer, sink

    def _through(self, name: str) -> dict[str, str]:
        return {
            "HEADRACE_KAFKA__BOOTSTRAP": f"{HOST}:{self.proxy.port}",
            "HEADRACE_KAFKA__PROPERTIES": f'{{"client.id": "{name}"}}',
        }


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[Servers]:
    """One broker with a proxy before it, one engine. Who asks the broker's listener for brokers is told that address
    and no other: the witness does."""
    (ports,) = pick_ports(1)
    proxy = KafkaProxy((HOST, ports.clients))
    server = KafkaServer(folder / "kafka", ports.clients, settings=listening(1, [ports], proxy.port))
    try:
        with server, own_engine(folder) as engine:
            behind = Behind(server=server, proxy=proxy)
            yield Servers(kafka=behind, engine=engine, bootstrap=f"{HOST}:{ports.brokers}")
    finally:
        proxy.refuse()


def replies_lost(stage: Stage) -> None:
    """Of each request of a transaction in turn: the broker does it, its reply and the connection are lost.

    Seen to fail with the outputs outside the transaction and their producer not idempotent: answers twice.
    """
    proxy: KafkaProxy = stage.kafka.proxy
    scorer, sink = stage.kafka.start(stage)
    stage.sending(rate=RATE)
    stage.await_more(100)
    for number, step in zip(range(max(len(STEPS), stage.size.times)), cycle(STEPS), strict=False):
        proxy.lose_reply_to(step, "score-a")
        stage.until(lambda number=number: proxy.cuts > number, f"a lost reply to {step}", 90)  # type: ignore[misc]
        stage.struck()
        stage.await_more(100)
    stage.note("lost_replies", {step: proxy.counts[step] for step in STEPS})
    stage.expect(set(scorer.ends) <= MAY_END and sink.ends == [], f"workers ended: {scorer.ends} {sink.ends}")


def produce_replies_lost_at_least_once(stage: Stage) -> None:
    """Without transactions it is the idempotent producer alone that keeps a repeated produce from counting twice.

    Seen to fail with that switched off: answers twice.
    """
    proxy: KafkaProxy = stage.kafka.proxy
    scorer, _ = stage.kafka.start(stage, HEADRACE_WORKER__DELIVERY="at-least-once")
    stage.sending(rate=RATE)
    stage.await_more(100)
    for number in range(stage.size.times):
        proxy.lose_reply_to("Produce", "score-a")
        stage.until(lambda number=number: proxy.cuts > number, "a lost reply to Produce", 60)  # type: ignore[misc]
        stage.struck()
        stage.await_more(100)
    stage.expect(scorer.ends == [], f"the scorer ended: {scorer.ends}")


def half_open(stage: Stage) -> None:
    """Bytes vanish, to the broker, from it, or both ways; connections that were open stay dead, without a word."""
    proxy: KafkaProxy = stage.kafka.proxy
    scorer, sink = stage.kafka.start(stage)
    stage.sending(rate=RATE)
    stage.await_more(200)
    waits = []
    for ways in (("down",), ("up",), BOTH)[: 1 if stage.size.brief else 3]:
        before = proxy.counts["vanished"]
        proxy.fall_silent(*ways)
        stage.until(lambda before=before: proxy.counts["vanished"] > before, "vanished bytes")  # type: ignore[misc]
        stage.wait(stage.size.seconds(20))
        proxy.speak_again()
        stage.struck()
        waits.append(round(stage.elapsed(lambda: stage.await_more(300, 120)), 1))
    stage.note("rows_again_after_s", waits)
    stage.note("vanished", proxy.counts["vanished"])
    stage.expect(max(waits) <= 60, f"rows came again only after {max(waits)} s: no time-out fired")
    stage.expect(set(scorer.ends + sink.ends) <= MAY_END, f"workers ended: {scorer.ends} {sink.ends}")


def slow(stage: Stage) -> None:
    """Half the latency each way, from before the first request until all was answered."""
    proxy: KafkaProxy = stage.kafka.proxy
    scorer, sink = stage.kafka.start(stage)
    proxy.delay(0.1, 0.05, stalls=0.01, stall_s=STALL_S)
    stage.sending(rate=RATE)
    seen = Seen(stage.servers.bootstrap, stage.world.model)
    stage.await_more(200)
    stage.wait(stage.size.seconds(60))
    stage.note("seen_ms", seen.stop())
    stage.until(lambda: proxy.counts["stalled"], "a piece that was held")
    stage.struck(proxy.counts["delayed"])
    stage.note("stalled", proxy.counts["stalled"])
    stage.expect(scorer.ends == sink.ends == [], f"workers ended: {scorer.ends} {sink.ends}")


FAULTS = (
    Fault(
        rows=(11,),
        name="kafka-replies-lost",
        title="Kafka's reply to a produce, and to each other request of a transaction, is lost with its connection.",
        strike=replies_lost,
        servers=behind_a_proxy,
        about_s=180,
    ),
    Fault(
        rows=(11,),
        name="produce-replies-lost-at-least-once",
        title="Kafka's reply to a produce is lost with its connection, where a worker uses no transactions.",
        strike=produce_replies_lost_at_least_once,
        servers=behind_a_proxy,
        about_s=120,
    ),
    Fault(
        rows=(10,),
        name="network-half-open",
        title="Bytes between the workers and Kafka vanish, one way or both, and no end is told; time-outs fire.",
        strike=half_open,
        servers=behind_a_proxy,
        about_s=240,
    ),
    Fault(
        rows=(12,),
        name="network-slow",
        title="Kafka is 200 ms ± 100 away and one piece in a hundred is held for 2 s.",
        strike=slow,
        servers=behind_a_proxy,
        about_s=150,
    ),
)
