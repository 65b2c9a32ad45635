"""What a strike gets: a world of its own, servers of its own, and a place to say what happened."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.local.part import Part
from tests.faults.campaign.lag import LagWatch
from tests.faults.campaign.servers import Servers
from tests.faults.worker import Worker, until
from tests.faults.world import Sending, World

LEAST_S = 3.0
BRIEF_SHARE = 1 / 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much: as the table of faults says, or briefly."""

    requests: int = 20_000
    times: int = 20
    brief: bool = False

    def seconds(self, full: float) -> float:
        """A duration of the table, shortened in a brief run."""
        return min(full, max(LEAST_S, full * BRIEF_SHARE)) if self.brief else full


FULL = Size()
BRIEF = Size(requests=2_000, times=2, brief=True)


class Stage:
    """One fault's run. Conditions are collected by `expect`; what cannot go on raises (`until`)."""

    def __init__(self, *, world: World, servers: Servers, size: Size, folder: Path, seed: str, lag: LagWatch) -> None:
        self.world, self.servers, self.size, self.folder, self.lag = world, servers, size, folder, lag
        self.random = random.Random(seed)
        self.happened = 0
        self.failures: list[str] = []
        self.notes: dict[str, Any] = {}
        self.duplicates_raw_allowed = False
        self._senders: list[Sending] = []

    @property
    def kafka(self) -> Any:
        """The broker, a KafkaServer unless the fault has servers of another kind."""
        return self.servers.kafka

    @property
    def engine(self) -> Part:
        """The ClickHouse engine's front."""
        return self.servers.engine

    # requests

    def sending(self, *, rate: float, count: int | None = None, **options: Any) -> Sending:
        """Start the checker's sender: at this rate for as long as the strike lasts, and what is missing to
        size.requests then in haste; or exactly `count`."""
        least = {"count": count} if count else {"least": self.size.requests}
        sending = self.world.sending(rate=rate, **least, **options)
        self._senders.append(sending)
        return sending

    def outlasting(self, seconds: float) -> float:
        """The rate at which size.requests requests take so long."""
        return self.size.requests / seconds

    def settle(self, seconds: float = 180.0) -> None:
        """Wait until all is sent, answered and in ClickHouse; the run does so after the strike."""
        for sending in self._senders:
            sending.stop()
        self.until(self.lag.is_gone, "everything that was accepted is in ClickHouse", seconds)

    # what happened

    def struck(self, times: int = 1) -> None:
        """The fault has really happened (again); recovery counts from now."""
        self.happened += times
        self.over()

    def over(self) -> None:
        """A lasting fault has ended just now; recovery counts from now."""
        self.lag.mark()

    def expect(self, condition: object, sentence: str) -> None:
        """What must hold here beside what the checker looks at; a sentence that is not true fails the run."""
        if not condition:
            self.failures.append(sentence)

    def note(self, name: str, value: Any) -> None:
        """A fact for the report."""
        self.notes[name] = value

    # time

    def until(self, happened: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        """Poll until it happened; the run fails otherwise, saying what was waited for."""
        until(happened, what, seconds)

    def await_said(self, worker: Worker, text: str, times: int = 1, seconds: float = 120.0) -> None:
        """Wait until a worker's log says this so often, over all its lives."""
        self.until(lambda: worker.said(text) >= times, f"{worker.log.stem} says {text!r} ({times})", seconds)

    def await_end(self, worker: Worker, times: int, code: int, seconds: float = 120.0) -> None:
        """Wait until so many of a worker's lives have ended with this code."""
        self.until(lambda: worker.ends.count(code) >= times, f"{worker.log.stem} ends with {code} ({times})", seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass, for faults that last."""
        threading.Event().wait(seconds)

    def elapsed(self, act: Callable[[], object]) -> float:
        """Seconds that something takes."""
        begun = time.monotonic()
        act()
        return time.monotonic() - begun

    # what is to be seen in ClickHouse

    def rows(self) -> int:
        """Rows of the model so far."""
        return int(self.world.query(f"SELECT count() FROM {self.world.model}_predictions")[0][0])

    def received(self) -> int:
        """Requests that the ledger has seen so far."""
        query = f"SELECT sum(received) FROM blocks FINAL WHERE model = '{self.world.model}'"
        return int(self.world.query(query)[0][0])

    def await_more(self, rows: int = 200, seconds: float = 90.0) -> None:
        """Wait until so many more rows have arrived than are there now."""
        before = self.rows()
        self.until(lambda: self.rows() >= before + rows, f"{rows} more rows in ClickHouse", seconds)

    def partitions_of(self, worker: str, since: datetime) -> int:
        """How many partitions this worker has answered since."""
        told = since.strftime("%Y-%m-%d %H:%M:%S.%f")
        of_it = f"model = '{self.world.model}' AND worker = '{worker}' AND scored_at > '{told}'"
        return int(self.world.query(f"SELECT uniqExact(source_partition) FROM blocks WHERE {of_it}")[0][0])

    def answered_by(self, worker: str, since: datetime) -> int:
        """How many requests this worker has answered since."""
        told = since.strftime("%Y-%m-%d %H:%M:%S.%f")
        of_it = f"model = '{self.world.model}' AND worker = '{worker}' AND scored_at > '{told}'"
        return int(self.world.query(f"SELECT sum(answered) FROM blocks WHERE {of_it}")[0][0])
