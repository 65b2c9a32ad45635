"""Following a model's releases: the chain decides what counts, the newest is loaded beside the work and swapped in."""

import asyncio
import threading
import time
from collections.abc import Iterable

from headrace.errors import HeadraceError
from headrace.release import Chain, Link
from streams.engine.broadcast import News
from streams.engine.operations import Operations
from streams.score.loading import Loading
from streams.score.serving import Serving, Slot

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0


class Releases:
    """What is released, what is served, and the way from one to the other."""

    def __init__(self, chain: Chain, loading: Loading, slot: Slot, operations: Operations) -> None:
        self._chain, self._loading, self._slot, self._operations = chain, loading, slot, operations
        self._changed = asyncio.Event()
        self.serving = threading.Event()

    def take(self, news: News) -> None:
        """Fold documents into the chain; those that do not count are told, once they are news."""
        for message in news.messages:
            if message.key() != self._chain.model.encode():
                continue
            verdict = self._chain.take(message.value() or b"")
            if not verdict.accepted and news.caught_up:
                self._operations.tell(
                    "release-refused",
                    self._chain.model,
                    reason=verdict.reason,
                    detail=verdict.detail,
                    partition=message.partition(),
                    offset=message.offset(),
                )
        if news.caught_up:
            self._changed.set()

    async def keep_loading(self) -> None:
        """Load whatever is newest, again and again; 500 releases at once cost two loads."""
        tried, wait = "", FIRST_RETRY_S
        # Not before the topic's end was reached once: until then the head is a release that may be long outdated.
        await self._changed.wait()
        self._changed.clear()
        while True:
            head = self._chain.head
            if head is None or head.id == self._served():
                await self._changed.wait()
                self._changed.clear()
                continue
            wait = wait * 2 if head.id == tried else FIRST_RETRY_S
            tried = head.id
            if not await self._load(self._candidates(head)):
                await self._news_within(min(wait, LONGEST_RETRY_S))

    def _candidates(self, head: Link) -> Iterable[Link]:
        """The head; a worker that serves nothing yet goes back to the last release that can be loaded."""
        return (head,) if self._slot.current else reversed(self._chain.history)

    async def _load(self, candidates: Iterable[Link]) -> bool:
        """Swap in the first that loads; False when the newest was not it."""
        for index, link in enumerate(candidates):
            started = time.monotonic()
            try:
                serving = await asyncio.to_thread(self._loading.load, link)
            except (HeadraceError, OSError) as error:  # a full disk, too, must not end what serves
                self._tell("release-not-loaded", link, reason=type(error).__name__, detail=str(error))
                continue
            self._swap(serving, link, time.monotonic() - started)
            return index == 0
        return False

    def _swap(self, serving: Serving, link: Link, seconds: float) -> None:
        self._slot.swap(serving)
        self.serving.set()
        self._tell("release-loaded", link, versions=list(serving.versions), seconds=round(seconds, 3))

    def _served(self) -> str:
        return self._slot.current.release if self._slot.current else ""

    def _tell(self, event: str, link: Link, **detail: object) -> None:
        self._operations.tell(event, self._chain.model, release=link.id, sequence=link.release.sequence, **detail)

    async def _news_within(self, seconds: float) -> None:
        # Not wait_for: until Python 3.12 it forgets that it was cancelled when news came at the same moment.
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
                self._changed.clear()
        except TimeoutError:
            return
