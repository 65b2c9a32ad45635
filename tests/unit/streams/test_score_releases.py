"""Following releases: few loads, the old one serves on, a starting worker takes what it can get."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import pytest

from headrace.bundle.errors import BundleError
from headrace.registry import RegistryUnavailable
from headrace.release import TrustedKeys, release_id, sign
from headrace.release.errors import KeyUnusable
from streams.engine.broadcast import News
from streams.score.releases import Releases
from streams.score.serving import Slot
from streams.score.trust import TrustedChain
from tests.fakes.loading import FakeLoading
from tests.fakes.operations import FakeOperations
from tests.fakes.records import record
from tests.unit.release.signing import KEY, STRANGER, chain_of, release

TRUSTED = TrustedKeys.of(KEY.public_key())
BROKEN = BundleError("its golden vectors differ")
AWAY = RegistryUnavailable("the registry does not answer")


class Following:
    """A follower of the model `flights` with fakes around it."""

    def __init__(self, loading: FakeLoading) -> None:
        self.loading, self.operations, self.slot = loading, FakeOperations(), Slot()
        self.keys = TRUSTED
        chain = TrustedChain("flights", lambda: self.keys)
        self.releases = Releases(chain, loading, self.slot, self.operations)
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


@pytest.mark.parametrize(
    "fault",
    [BROKEN, OSError(28, "No space left on device"), MemoryError()],
    ids=["refused", "disk full", "no memory left"],
)
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
    following, documents = Following(FakeLoading({"v2": AWAY})), chain_of("v1", "v2")

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


def follows(before: bytes, number: int, version: str) -> bytes:
    """A release signed by another key, which follows."""
    return sign(release(version, sequence=number, predecessor=release_id(before)), STRANGER)


BOTH = TrustedKeys.of(KEY.public_key(), STRANGER.public_key())


def test_a_release_counts_from_the_moment_on_at_which_its_key_is_trusted() -> None:
    """Seen to fail without judging all documents anew: only the next release would be looked at, and it follows one
    that does not count."""
    following, documents = Following(FakeLoading()), chain_of("v1")
    documents.append(follows(documents[0], 1, "v2"))

    async def story() -> None:
        following.hear(documents)
        await following.operations.heard("release-loaded")
        assert [told["reason"] for told in following.operations.of("release-refused")] == ["unknown-key"]
        following.keys = BOTH
        following.releases.look_at_keys()
        await following.operations.heard("release-loaded", times=2)

    running(following, story())
    assert following.served == release_id(documents[1])
    (told,) = following.operations.of("trusted-keys-changed")
    assert (len(told["keys"]), told["head"]) == (2, release_id(documents[1]))


def test_what_a_key_signed_counts_no_more_once_the_key_is_taken_away() -> None:
    following, documents = Following(FakeLoading()), chain_of("v1")
    documents.append(follows(documents[0], 1, "v2"))
    following.keys = BOTH
    following.releases.look_at_keys()

    async def story() -> None:
        following.hear(documents)
        await following.operations.heard("release-loaded")
        following.keys = TRUSTED
        following.releases.look_at_keys()
        await following.operations.heard("release-loaded", times=2)
        following.keys = TrustedKeys.of()
        following.releases.look_at_keys()
        await turns()

    running(following, story())
    assert following.loaded() == [release_id(documents[1]), release_id(documents[0])]
    assert following.served == release_id(documents[0]), "with nobody trusted the last one serves on"


def test_keys_that_cannot_be_read_leave_those_that_are_held_and_are_told_once() -> None:
    following, documents = Following(FakeLoading()), chain_of("v1")

    def unreadable() -> TrustedKeys:
        raise KeyUnusable("half a key")

    following.releases._chain._keys = unreadable
    following.hear(documents)
    following.releases.look_at_keys()
    assert [told["detail"] for told in following.operations.of("trusted-keys-not-read")] == ["half a key"]
    assert not following.operations.of("release-refused")


def test_documents_that_change_nothing_do_not_make_a_bad_release_be_tried_again() -> None:
    following, documents = Following(FakeLoading({"v2": BROKEN})), chain_of("v1", "v2")

    async def story() -> None:
        following.hear(documents)
        await following.operations.heard("release-loaded")
        for _ in range(50):
            following.hear([b"nonsense", documents[0]])
            await turns()

    running(following, story())
    assert following.loading.tried == ["v2", "v1"]


def test_one_fault_of_one_release_is_told_once() -> None:
    following, documents = Following(FakeLoading({"v1": AWAY})), chain_of("v1")

    async def story() -> None:
        following.hear(documents)
        await asyncio.to_thread(following.loading.tries, 2)
        following.loading.mend({"v1"})
        await following.operations.heard("release-loaded")

    running(following, story())
    assert len(following.operations.of("release-not-loaded")) == 1
