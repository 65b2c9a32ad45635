"""One connection through a proxy: a side towards the client, a side towards the server, and what befalls the bytes."""

import asyncio
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, Protocol

Way = Literal["up", "down"]
BOTH: tuple[Way, ...] = ("up", "down")


@dataclass(slots=True, kw_only=True)
class Weather:
    """What the network does at present, for all connections of a proxy; counts what really happened."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    stalls: float = 0.0
    stall_s: float = 0.0
    silent: tuple[Way, ...] = ()
    refusing: bool = True
    random: Random = field(default_factory=Random)
    counts: Counter[str] = field(default_factory=Counter)

    def delay(self) -> float:
        """How long the next piece is under way, one way."""
        if not (self.latency_s or self.jitter_s or self.stalls):
            return 0.0
        self.counts["delayed"] += 1
        stalled = self.random.random() < self.stalls
        self.counts["stalled"] += stalled
        drawn = self.latency_s + self.jitter_s * (2 * self.random.random() - 1)
        return max(0.0, drawn) + (self.stall_s if stalled else 0.0)


class Ear(Protocol):
    """Listens to a connection for a reply that is to be lost."""

    def up(self, data: bytes) -> None:
        """Hear what the client says."""

    def down(self, data: bytes) -> bytes | None:
        """What of a reply is passed on; None to pass on nothing and cut the connection."""


class Link:
    """A client's connection and the one made to the server for it."""

    def __init__(self, weather: Weather, ear: Ear, target: tuple[str, int]) -> None:
        self.weather, self.ear, self._target = weather, ear, target
        self.silent: set[Way] = set(weather.silent)
        self.client, self.server = Side(self, "up"), Side(self, "down")

    @property
    def alive(self) -> bool:
        """Whether any of its sides is still open."""
        return not (self.client.over and self.server.over)

    def opposite(self, side: "Side") -> "Side":
        """Where a side's bytes go."""
        return self.server if side is self.client else self.client

    def accepted(self) -> None:
        """A client is there: find the server."""
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, *self._target)
        except OSError:
            self.server.over = True
            self.client.reset()
            return
        if self.client.over:
            self.server.close()
            return
        self.client.reading(True)
        self.server.reading(True)

    def reset(self) -> None:
        """Lose what is under way; both ends learn at once that the connection is gone."""
        self.client.reset()
        self.server.reset()


class Side(asyncio.Protocol):
    """Reads one end and writes what it read to the opposite one, later or never. Order is kept, as TCP does."""

    def __init__(self, link: Link, way: Way) -> None:
        self.way: Way = way
        self.over = False
        self._link = link
        self._transport: Any = None
        self._due = 0.0

    def connection_made(self, transport: Any) -> None:
        """Nothing is read before the other end is there."""
        self._transport = transport
        transport.pause_reading()
        if self.way == "up" and self._link.weather.refusing:
            self.reset()  # the kernel had taken it before the listener was closed
        elif self.way == "up":
            self._link.accepted()

    def data_received(self, data: bytes) -> None:
        """Pass it on, unless it is to be lost."""
        link = self._link
        if self.way in link.silent:
            link.weather.counts["vanished"] += 1
            return
        if self.way == "up":
            link.ear.up(data)
            self._later(data)
            return
        passed = link.ear.down(data)
        if passed is None:
            link.reset()
        elif passed:
            self._later(passed)

    def eof_received(self) -> bool:
        """An end that says no more is closed as a whole; Kafka and ClickHouse never close half."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end learns of it after the bytes that are under way, and never through a silent network."""
        self.over = True
        if self._link.silent:
            return
        opposite, loop = self._link.opposite(self), asyncio.get_running_loop()
        if self._due > loop.time():
            loop.call_at(self._due, opposite.close)
        else:
            opposite.close()

    def pause_writing(self) -> None:
        """This end takes no more at present: read no more from the other."""
        self._link.opposite(self).reading(False)

    def resume_writing(self) -> None:
        """This end takes bytes again."""
        self._link.opposite(self).reading(True)

    def reading(self, on: bool) -> None:
        """Go on reading, or leave it to the kernel's buffer for a while."""
        if self._transport and not self.over and not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()

    def write(self, data: bytes) -> None:
        """Send to this end."""
        if not self.over and self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection in good order."""
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """End the connection at once and unmistakably (RST)."""
        if self._transport is None or self.over:
            return
        end = self._transport.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _later(self, data: bytes) -> None:
        loop, opposite = asyncio.get_running_loop(), self._link.opposite(self)
        delay = self._link.weather.delay()
        if not delay and self._due <= loop.time():
            opposite.write(data)
            return
        # Timers of one and the same moment may fire in any order.
        self._due = max(self._due + 1e-6, loop.time() + delay)
        loop.call_at(self._due, opposite.write, data)
