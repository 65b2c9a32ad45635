"""Runs a source on its thread and hands what it reads to an agent's channel."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

import faust
import structlog

from headrace.errors import HeadraceError

LEAVING_S = 8.0
log = structlog.get_logger()


class Source(Protocol):
    """Something that reads until it is stopped."""

    def run(self, hand: Callable[[Any], None]) -> None: ...

    def stop(self) -> None: ...


class Feed(faust.Service):
    """One source, one thread, one channel. The channel holds one item, so that reading waits for the agent."""

    def __init__(self, source: Source, channel: Any, **options: Any) -> None:
        self._source, self._channel = source, channel
        super().__init__(**options)

    async def on_start(self) -> None:
        """Start reading."""
        loop = asyncio.get_running_loop()

        def hand(item: Any) -> None:
            asyncio.run_coroutine_threadsafe(self._channel.put(item), loop).result()

        self._thread = threading.Thread(target=self._run, args=(hand,), daemon=True)
        self._thread.start()

    async def on_stop(self) -> None:
        """Stop after the batch in work."""
        self._source.stop()
        await asyncio.to_thread(self._thread.join, LEAVING_S)

    def _run(self, hand: Callable[[Any], None]) -> None:
        """A source that cannot go on ends the process: the supervisor starts a clean one, nothing is half alive."""
        try:
            self._source.run(hand)
        except HeadraceError as error:
            sys.stderr.write(f"headrace: {error}\n")
            _end(2)
        except Exception:
            log.exception("source-failed")
            _end(1)


def _end(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
