"""A TCP proxy that does to connections what networks do; for any client and server of this machine.

All faults are switched on and off by the test's thread and are in force when the call returns. `counts` says what
really happened.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from deploy.local.kafka.ports import pick_free
from tests.faults.link import BOTH, Ear, Link, Way, Weather
from tests.faults.replies import ClickHouseReplies, KafkaReplies, Wanted

HOST = "127.0.0.1"
T = TypeVar("T")


class Proxy:
    """Listens on a port of its own and passes bytes on. This one knows ClickHouse's replies."""

    def __init__(self, target: tuple[str, int], seed: int = 0) -> None:
        self._target = target
        self._weather = Weather(random=random.Random(seed))
        self._wanted = Wanted()
        self._server: asyncio.Server | None = None
        self._links: list[Link] = []
        (self.port,) = pick_free(1, besides=(target[1],))
        self.accept()

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect."""
        return HOST, self.port

    @property
    def counts(self) -> Counter[str]:
        """What really happened: connected, reset, delayed, stalled and vanished pieces, lost replies by their name."""
        return self._weather.counts + self._wanted.lost

    @property
    def cuts(self) -> int:
        """How many replies were lost."""
        return self._wanted.lost.total()

    def accept(self) -> None:
        """Take connections (again), always on the same port."""
        if self._server is None:
            self._weather.refusing = False
            begun = _loop().create_server(self._accepted, HOST, self.port, backlog=1000)
            self._server = asyncio.run_coroutine_threadsafe(begun, _loop()).result()

    def refuse(self) -> None:
        """Drop all connections and refuse new ones."""
        server, self._server = self._server, None
        self._weather.refusing = True
        if server:
            _in_loop(server.close)
        self.reset()

    def reset(self) -> None:
        """Drop all connections; new ones are taken."""
        self._weather.counts["reset"] += _in_loop(self._reset)

    def delay(self, latency_s: float, jitter_s: float = 0.0, *, stalls: float = 0.0, stall_s: float = 0.0) -> None:
        """Let every piece take so long, one way, give or take the jitter; a share of them is held for longer."""

        def change() -> None:
            weather = self._weather
            weather.latency_s, weather.jitter_s, weather.stalls, weather.stall_s = latency_s, jitter_s, stalls, stall_s

        _in_loop(change)

    def fall_silent(self, *ways: Way) -> None:
        """Let all bytes vanish (one way or both) on connections open now or made while this lasts; no end learns it."""

        def change() -> None:
            self._weather.silent = ways or BOTH
            for link in self._links:
                link.silent.update(ways or BOTH)

        _in_loop(change)

    def speak_again(self) -> None:
        """New connections work. Those that lost bytes never will: what a network forgets does not come back."""

        def change() -> None:
            self._weather.silent = ()

        _in_loop(change)

    def lose_answer_to(self, statement: str) -> None:
        """Of the next such insert: let the server execute it, and cut the connection instead of saying so."""
        self._want(statement)

    def _want(self, what: str, client: str | None = None) -> None:
        def change() -> None:
            self._wanted.what, self._wanted.client = what, client

        _in_loop(change)

    def _accepted(self) -> asyncio.Protocol:
        self._weather.counts["connected"] += 1
        self._links = [link for link in self._links if link.alive]
        self._links.append(link := Link(self._weather, self._ear(), self._target))
        return link.client

    def _reset(self) -> int:
        links, self._links = [link for link in self._links if link.alive], []
        for link in links:
            link.reset()
        return len(links)

    def _ear(self) -> Ear:
        return ClickHouseReplies(self._wanted)


class KafkaProxy(Proxy):
    """Knows Kafka's protocol."""

    def lose_reply_to(self, request: str, client: str | None = None) -> None:
        """Of the next such request (a name of KAFKA; of this client.id only): let the broker do it and reply, and cut
        the connection in place of the reply."""
        self._want(request, client)

    def _ear(self) -> Ear:
        return KafkaReplies(self._wanted)


def _in_loop(do: Callable[[], T]) -> T:
    """Do it where the connections are, and wait until it is done."""

    async def step() -> T:
        return do()

    return asyncio.run_coroutine_threadsafe(step(), _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One thread serves all proxies of this process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="proxies", daemon=True).start()
    return loop
