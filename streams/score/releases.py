"""Following a model's releases: the chain decides what counts, the newest is loaded beside the work and swapped in."""

import asyncio
import threading
import time
from collections.abc import Iterable

from headrace.bundle.errors import BundleError
from headrace.errors import HeadraceError
from headrace.release import Link, Variant
from streams.engine.broadcast import News
from streams.engine.operations import Operations
from streams.score.loading import Loading
from streams.score.serving import Serving, Slot
from streams.score.trust import TrustedChain

# Loading takes processor time from scoring: a burst of releases must not keep a worker at it.
REST_S = 1.0
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
LOOK_AT_KEYS_S = 2.0


class Releases:
    """What is released, what is served, and the way from one to the other."""

    def __init__(self, chain: TrustedChain, loading: Loading, slot: Slot, operations: Operations) -> None:
        self._chain, self._loading, self._slot, self._operations = chain, loading, slot, operations
        self._caught_up, self._changed = False, asyncio.Event()
        self._seen: Link | None = None
        self._told: set[tuple[str, str]] = set()
        self._keys_fault = ""
        self.fault = ""
        self.serving = threading.Event()

    @property
    def outdated(self) -> bool:
        """Whether another release than the newest is served: it is being loaded, or could not be (fault says why)."""
        head = self._chain.head
        return self._caught_up and head is not None and head.id != self._served()

    def take(self, news: News) -> None:
        """Fold documents into the chain; those that do not count are told, once they are news."""
        ours = [message for message in news.messages if message.key() == self._chain.model.encode()]
        if ours:
            self.look_at_keys()
        for message in ours:
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
        self._caught_up = self._caught_up or news.caught_up
        self._notice()

    def look_at_keys(self) -> None:
        """Judge all documents anew when the trusted keys changed; the old keys stay when the new cannot be read."""
        try:
            changed, fault = self._chain.look(), ""
        except (HeadraceError, OSError) as error:
            changed, fault = False, str(error)
        if fault and fault != self._keys_fault:
            self._operations.tell("trusted-keys-not-read", self._chain.model, detail=fault)
        self._keys_fault = fault
        if changed:
            head = self._chain.head
            keys = self._chain.trusted.described()
            self._operations.tell("trusted-keys-changed", self._chain.model, keys=keys, head=head.id if head else None)
            self._notice()

    async def keep_looking(self) -> None:
        """Notice keys that are added, ended or taken away while no release comes."""
        while True:
            await asyncio.sleep(LOOK_AT_KEYS_S)
            self.look_at_keys()

    async def keep_loading(self) -> None:
        """Load whatever is newest, again and again; 500 releases at once cost two loads."""
        tried, wait = "", FIRST_RETRY_S
        while True:
            head = self._chain.head
            if not self._caught_up or head is None or head.id == self._served():
                await self._changed.wait()
                self._changed.clear()
                continue
            wait = min(wait * 2, LONGEST_RETRY_S) if head.id == tried else FIRST_RETRY_S
            tried = head.id
            fault = await self._load(self._candidates(head))
            self.fault = f"{type(fault).__name__}: {fault}" if fault else ""
            await asyncio.sleep(REST_S)
            # By now no batch uses what served before.
            await asyncio.to_thread(self._loading.let_go)
            if fault is not None:
                # What is wrong with the bundle itself hardly mends, and trying it again costs a child process.
                await self._news_within(LONGEST_RETRY_S if isinstance(fault, BundleError) else wait)

    def _notice(self) -> None:
        """Wake the loading for another head only: documents that change nothing must not make it try again."""
        # Not before the topic's end was reached once: until then the head is a release that may be long outdated.
        if self._caught_up and self._chain.head != self._seen:
            self._seen = self._chain.head
            self._changed.set()

    def _candidates(self, head: Link) -> Iterable[Link]:
        """The head; a worker that serves nothing yet goes back to the last release that can be loaded."""
        return (head,) if self._slot.current else reversed(self._chain.history)

    async def _load(self, candidates: Iterable[Link]) -> Exception | None:
        """Swap in the first that loads; what was wrong with the newest."""
        faults: dict[tuple[Variant, ...], Exception] = {}
        for link in candidates:
            if link.release.variants in faults:
                continue
            started = time.monotonic()
            try:
                serving = await asyncio.to_thread(self._loading.load, link)
            except Exception as error:  # noqa: BLE001 - a full disk, no memory left: nothing may end what serves
                faults[link.release.variants] = error
                self._tell_once(link, error)
                continue
            self._swap(serving, link, time.monotonic() - started)
            break
        return next(iter(faults.values()), None)

    def _swap(self, serving: Serving, link: Link, seconds: float) -> None:
        self._slot.swap(serving)
        self.serving.set()
        told = {"versions": list(serving.versions), "pinned": dict(serving.pinned), "seconds": round(seconds, 3)}
        self._tell("release-loaded", link, **told)

    def _served(self) -> str:
        return self._slot.current.release if self._slot.current else ""

    def _tell_once(self, link: Link, error: Exception) -> None:
        """It is tried again for as long as it is the head; a row each time would say nothing new."""
        kind = type(error).__name__
        if (link.id, kind) not in self._told:
            self._told.add((link.id, kind))
            self._tell("release-not-loaded", link, reason=kind, detail=str(error))

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
