"""Following releases: few loads, the old one serves on, a starting worker takes what it can get."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import pytest

from headrace.bundle.errors import BundleError
from headrace.release import Chain, TrustedKeys, release_id
from streams.engine.broadcast import News
from streams.score.releases import Releases
from streams.score.serving import Slot
from tests.fakes.loading import FakeLoading
from tests.fakes.operations import FakeOperations
from tests.fakes.records import record
from tests.unit.release.signing import KEY, chain_of

TRUSTED = TrustedKeys.of(KEY.public_key())
BROKEN = BundleError("its golden vectors differ")


class Following:
    """A follower of the model `flights` with fakes around it."""

    def __init__(self, loading: FakeLoading) -> None:
        self.loading, self.operations, self.slot = loading, FakeOperations(), Slot()
        self.releases = Releases(Chain("flights", TRUSTED), loading, self.slot, self.operations)
        self._offset = 0

    def hear(self, documents: Sequence[bytes], *, caught_up: bool = True, key: bytes = b"flights") -> None:
        messages = [record("model-releases", 0, self._offset + i, d, key=key) for i, d in enumerate(documents)]
        self._offset += len(documents)
        self.releases.take(News(messages=messages, caught_up=caught_up))

    @property
    def served(self) -> str | None:
        return self.slot.current.release if self.slot.current else None

    def loaded(self) -> list[str]:
        return [told["release"] for told in self.operations.of("release-loaded")]


async def turns() -> None:
    """Let everything on the loop that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def running(following: Following, story: Coroutine[Any, Any, None]) -> None:
    """Tell a story while the follower loads beside it."""

    async def both() -> None:
        task = asyncio.create_task(following.releases.keep_loading())
        try:
            await story
            assert not task.done(), "loading goes on whatever happened"
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(both())


def test_the_release_at_the_end_of_the_topic_is_the_one_that_is_loaded() -> None:
    following, documents = Following(FakeLoading()), chain_of("v1", "v2", "v3")

    async def story() -> None:
        following.hear(documents[:2], caught_up=False)
        await turns()
        assert not following.loading.tried, "what is not the end of the topic may be long outdated"
        assert following.served is None and not following.releases.serving.is_set()
        following.hear(documents[2:])
        await following.operations.heard("release-loaded")

    running(following, story())
    assert following.loading.tried == ["v3"]
    assert following.served == release_id(documents[2])
    assert following.releases.serving.is_set()


def test_five_hundred_releases_at_once_cost_two_loads() -> None:
    gate = threading.Event()
    following = Following(FakeLoading(gate=gate))
    documents = chain_of(*(f"v{number}" for number in range(1, 502)))

    async def story() -> None:
        following.hear(documents[:1])
        await asyncio.to_thread(following.loading.entered.wait, 30)
        for document in documents[1:]:
            following.hear([document])
        gate.set()
        await following.operations.heard("release-loaded", times=2)

    running(following, story())
    assert following.loading.tried == ["v1", "v501"]
    assert following.served == release_id(documents[-1])


@pytest.mark.parametrize("fault", [BROKEN, OSError(28, "No space left on device")], ids=["refused", "disk full"])
def test_a_release_that_does_not_load_leaves_the_old_one_serving_and_is_told(fault: Exception) -> None:
    following, documents = Following(FakeLoading({"v2": fault})), chain_of("v1", "v2", "v3")

    async def story() -> None:
        following.hear(documents[:1])
        await following.operations.heard("release-loaded")
        following.hear(documents[1:2])
        await following.operations.heard("release-not-loaded")
        assert following.served == release_id(documents[0])
        following.hear(documents[2:])
        await following.operations.heard("release-loaded", times=2)

    running(following, story())
    (told,) = following.operations.of("release-not-loaded")
    assert (told["release"], told["sequence"]) == (release_id(documents[1]), 1)
    assert (told["reason"], told["detail"]) == (type(fault).__name__, str(fault))
    assert following.loading.tried == ["v1", "v2", "v3"], "with something to serve it never goes back"


def test_a_starting_worker_goes_back_to_the_last_release_that_loads() -> None:
    following = Following(FakeLoading({"v3": BROKEN, "v4": BROKEN}))
    documents = chain_of("v1", "v2", "v3", "v4")

    async def story() -> None:
        following.hear(documents)
        await following.operations.heard("release-loaded")

    running(following, story())
    assert following.loading.tried == ["v4", "v3", "v2"]
    assert following.served == release_id(documents[1])


def test_a_release_that_did_not_load_is_tried_again_by_itself() -> None:
    following, documents = Following(FakeLoading({"v2": BROKEN})), chain_of("v1", "v2")

    async def story() -> None:
        following.hear(documents)
        await following.operations.heard("release-loaded")
        following.loading.mend({"v2"})
        await following.operations.heard("release-loaded", times=2)

    running(following, story())
    assert following.loaded() == [release_id(document) for document in documents]


def test_a_document_that_does_not_count_is_told_only_once_it_is_news() -> None:
    following, documents = Following(FakeLoading()), chain_of("v1", "v2")

    async def story() -> None:
        following.hear([b"old nonsense", *documents, documents[0]], caught_up=False)
        assert not following.operations.told
        following.hear([b"nonsense", documents[0]])
        await following.operations.heard("release-loaded")

    running(following, story())
    refused = following.operations.of("release-refused")
    assert [(told["reason"], told["partition"], told["offset"]) for told in refused] == [
        ("malformed", 0, 4),
        ("replayed", 0, 5),
    ]
    assert following.served == release_id(documents[1])


def test_other_models_releases_are_not_looked_at() -> None:
    following = Following(FakeLoading())

    async def story() -> None:
        following.hear(chain_of("v1"), key=b"fraud")
        following.hear([b"nonsense"], key=b"fraud")

    running(following, story())
    assert not following.loading.tried and not following.operations.told
