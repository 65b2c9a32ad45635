"""A mix of everything, drawn from the seed: three things may go wrong at once."""

import random
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from streams.engine.watchdog import EXIT_CODE
from tests.faults.campaign.bad import Clients
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.network import Behind, behind_a_proxy
from tests.faults.campaign.stage import Stage
from tests.faults.proxy import HOST, KafkaProxy, Proxy
from tests.faults.worker import Worker

LASTS_S = 300.0
RATE = 100.0
VERSIONS = 4
MAY_END = {0, 2, EXIT_CODE, -signal.SIGKILL, -signal.SIGTERM}
NAMES = ("score-a", "score-b", "sink")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that goes wrong: after a pause, to whom, for how long."""

    after_s: float
    what: str
    whom: str = ""
    lasts_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.after_s:.1f} s later {self.what} {self.whom} {self.lasts_s:.1f} s".replace(" 0.0 s", "").strip()


class Mix:
    """The workers and what is between them and their servers."""

    def __init__(self, stage: Stage, clickhouse: Proxy) -> None:
        self._stage, self._clickhouse = stage, clickhouse
        self._broker: Behind = stage.kafka
        self._kafka: KafkaProxy = self._broker.proxy
        env = {
            "HEADRACE_KAFKA__BOOTSTRAP": f"{HOST}:{self._kafka.port}",
            "HEADRACE_CLICKHOUSE__PORT": str(clickhouse.port),
            "HEADRACE_WORKER__SINK_SECONDS": "0.5",
        }
        world = stage.world
        self.workers: dict[str, Worker] = {name: world.scorer(name, **env) for name in NAMES[:2]}
        self.workers["sink"] = world.sink(**env)
        self._clients = Clients(world.model, random.Random(stage.random.random()))
        self._sender = world.sender()
        self._versions = 1
        self._sent = 0

    def do(self, step: Step) -> None:
        """Let it happen and end."""
        act: Callable[[Step], None] = getattr(self, step.what.replace(" ", "_"))
        act(step)
        self._stage.struck()

    # processes

    def killed(self, step: Step) -> None:
        self._end(step.whom, signal.SIGKILL)

    def asked_to_leave(self, step: Step) -> None:
        self._end(step.whom, signal.SIGTERM)

    def frozen(self, step: Step) -> None:
        worker = self.workers[step.whom]
        worker.signal(signal.SIGSTOP)
        self._stage.wait(step.lasts_s)
        worker.signal(signal.SIGCONT)

    # servers and what is before them

    def broker_restarted(self, step: Step) -> None:
        self._broker.server.stop()
        self._stage.wait(step.lasts_s)
        self._broker.server.start()

    def broker_killed(self, step: Step) -> None:
        self._broker.server.kill()
        self._broker.server.start()

    def kafka_slow(self, step: Step) -> None:
        self._kafka.delay(0.1, 0.05, stalls=0.01, stall_s=1.0)
        self._stage.wait(step.lasts_s)
        self._kafka.delay(0.0)

    def kafka_silent(self, step: Step) -> None:
        self._kafka.fall_silent()
        self._stage.wait(step.lasts_s)
        self._kafka.speak_again()

    def kafka_cut(self, step: Step) -> None:
        self._kafka.reset()

    def clickhouse_away(self, step: Step) -> None:
        self._clickhouse.refuse()
        self._stage.wait(step.lasts_s)
        self._clickhouse.accept()

    def clickhouse_cut(self, step: Step) -> None:
        self._clickhouse.reset()

    # what is sent

    def released(self, step: Step) -> None:
        version = f"v{1 + self._versions % VERSIONS}"
        self._versions += 1
        self._stage.world.release(version)

    def release_forged(self, step: Step) -> None:
        good = self._stage.world.document("v1")
        self._stage.world.publish(good.replace(b"to see what happens", b"to see what happenz"))

    def poisoned(self, step: Step) -> None:
        kinds = (self._clients.random_bytes, self._clients.wrong_magic, self._clients.truncated_avro)
        for _ in range(20):
            self._sent += 1
            bad = self._clients.chance.choice(kinds)(name := f"bad-{self._sent}")
            key = f"k{self._sent % 50}"
            self._sender.send(
                bad.value, name=None if bad.expect == "unidentified" else name, key=key, expect=bad.expect
            )
        self._sender.flush()

    def _end(self, name: str, by: signal.Signals) -> None:
        worker = self.workers[name]
        lives = len(worker.ends)
        worker.signal(by)
        self._stage.until(lambda: len(worker.ends) > lives, f"the end of {name}")


# Who goes wrong together: one of each row at a time.
TRACKS: tuple[tuple[str, ...], ...] = (
    ("killed", "asked to leave", "frozen"),
    (
        "broker restarted",
        "broker killed",
        "kafka slow",
        "kafka silent",
        "kafka cut",
        "clickhouse away",
        "clickhouse cut",
    ),
    ("released", "release forged", "poisoned"),
)


def plan(chance: random.Random, kinds: Sequence[str], lasts_s: float) -> list[Step]:
    """Steps that take about so long; equal chances give equal plans."""
    steps: list[Step] = []
    while sum(step.after_s + step.lasts_s for step in steps) < lasts_s:
        steps.append(
            Step(
                after_s=chance.uniform(2.0, 15.0),
                what=(what := chance.choice(kinds)),
                whom=chance.choice(NAMES) if kinds is TRACKS[0] else "",
                lasts_s=chance.uniform(1.0, 12.0) if _lasting(what) else 0.0,
            )
        )
    return steps


def _lasting(what: str) -> bool:
    return what in ("frozen", "broker restarted", "kafka slow", "kafka silent", "clickhouse away")


def mixed(stage: Stage) -> None:
    """Several faults at once. What is there twice may be so raw; users see nothing twice, and nothing is lost."""
    stage.duplicates_raw_allowed = True
    lasts_s = max(30.0, stage.size.seconds(LASTS_S))
    plans = [plan(stage.random, kinds, lasts_s) for kinds in TRACKS]
    for number, steps in enumerate(plans, 1):
        stage.note(f"plan_{number}", list(map(str, steps)))
        print(f"plan {number}:", *steps, sep="\n  ", flush=True)
    for number in range(2, VERSIONS + 1):
        stage.world.add_version(f"v{number}")
    with _clickhouse(stage) as proxy:
        mix = Mix(stage, proxy)
        stage.sending(rate=RATE)
        stage.await_more(50)
        _together(stage, [lambda steps=steps: _go(stage, mix, steps) for steps in plans])  # type: ignore[misc]
        stage.await_more(300, 180)
        stage.settle()
        ends = {name: sorted(set(worker.ends)) for name, worker in mix.workers.items()}
        stage.expect(all(set(codes) <= MAY_END for codes in ends.values()), f"workers ended: {ends}")


def _go(stage: Stage, mix: Mix, steps: Sequence[Step]) -> None:
    for step in steps:
        stage.wait(step.after_s)
        mix.do(step)


def _together(stage: Stage, tracks: Sequence[Callable[[], None]]) -> None:
    """Each in a thread of its own; what one raises fails the run once all are done."""
    threads = [threading.Thread(target=_collected, args=(stage, track), daemon=True) for track in tracks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _collected(stage: Stage, track: Callable[[], None]) -> None:
    try:
        track()
    except Exception as error:
        stage.expect(False, f"a track of the plan broke off: {type(error).__name__}: {error}")


@contextmanager
def _clickhouse(stage: Stage) -> Iterator[Proxy]:
    proxy = Proxy(stage.servers.clickhouse)
    try:
        yield proxy
    finally:
        proxy.refuse()


FAULTS = (
    Fault(
        rows=(38,),
        name="mixed",
        title="Kills, freezes, restarts, a bad network, ClickHouse away, releases and poison, up to three at once, as "
        "the seed draws them.",
        strike=mixed,
        servers=behind_a_proxy,
        about_s=700,
        recover_s=120.0,
    ),
)
