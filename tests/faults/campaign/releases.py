"""Faults of releases: too many, two at once, in the wrong order, taken back without a registry, under changing keys."""

import json
import shutil
import signal
import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.desk.errors import Overtaken
from headrace.bundle import Prober
from headrace.release import Link, release_id, trust
from tests.faults.campaign.bundles import BUNDLES
from tests.faults.campaign.documents import desk_key, in_registry, signed_by, signed_whole, trust_until, trusted_file
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.refusals import (
    LOADED,
    NOT_LOADED,
    REFUSED,
    STORM_S,
    await_loaded,
    chained,
    desk,
    loads,
    pour,
    refused,
    size,
    told,
)
from tests.faults.campaign.stage import Stage
from tests.faults.worker import Worker

STORM = 500
# A worker that rests a second between loads cannot have made more of a storm of 5 s.
STORM_LOADS = 8
WON_S = 10.0


def storm(stage: Stage) -> None:
    """500 releases in 5 s, all good. Seen to fail without the rest between two loads: dozens of loads."""
    scorers = [stage.world.scorer("score-a"), stage.world.scorer("score-b")]
    stage.world.sink()
    for version in ("v2", "v3"):
        stage.world.add_version(version)
    await_loaded(stage, scorers, release_id(stage.world.releases[-1]))
    stage.sending(rate=150)
    stage.await_more(100)
    for version in ("v2", "v3"):  # tried once on this machine, so that loads are quick and many could be made
        await_loaded(stage, scorers, stage.world.release(version))
    before, sizes = [scorer.said(LOADED) for scorer in scorers], [size(scorer) for scorer in scorers]
    documents = chained(stage, STORM)
    took = stage.elapsed(lambda: pour(stage, documents))
    stage.struck(STORM)
    await_loaded(stage, scorers, release_id(documents[-1]), WON_S)
    stage.await_more(200)
    loads = [scorer.said(LOADED) - had for scorer, had in zip(scorers, before, strict=True)]
    stage.note("storm", {"seconds": round(took, 1), "loads": loads})
    stage.expect(max(loads) <= STORM_LOADS + took - STORM_S, f"500 releases in {took:.1f} s cost {loads} loads")
    for scorer, had in zip(scorers, sizes, strict=True):
        has = size(scorer)
        stage.note(f"grew_{scorer.log.stem}", {name: has[name] - had[name] for name in has})
        stage.expect(has["rss_mb"] < had["rss_mb"] + 80, f"memory grew from {had} to {has}")
        stage.expect(has["files"] <= had["files"] + 5 and has["threads"] <= had["threads"] + 5, f"{had} became {has}")


def race(stage: Stage) -> None:
    """Two desks decide at once, documents come in the wrong order, an old one comes again: the chain decides.

    Seen to fail with the predecessor unchecked: the loser is served, too.
    """
    scorers = [stage.world.scorer("score-a"), stage.world.scorer("score-b")]
    stage.world.sink()
    for version in ("v2", "v3"):
        stage.world.add_version(version)
    await_loaded(stage, scorers, release_id(stage.world.releases[-1]))
    stage.sending(rate=150)
    stage.await_more(50)
    for _ in range(max(1, stage.size.times // 4)):
        _two_desks(stage, scorers)
        _wrong_order(stage, scorers)
        refused(stage, stage.random.choice(stage.world.releases), "replayed", times=len(scorers))
        stage.struck()
    stage.await_more(100)


def _two_desks(stage: Stage, scorers: Collection[Worker]) -> None:
    outcomes = _race(stage, {"one": "v2", "two": "v3"})
    winners = [found for found in outcomes if isinstance(found, Link)]
    losers = [found for found in outcomes if isinstance(found, Overtaken)]
    stage.expect((len(winners), len(losers)) == (1, 1), f"two desks at once: {outcomes}")
    page = desk(stage).page(stage.world.model)
    stage.world.releases.append(next(e.message for e in page.entries if e.verdict.link == winners[0]))
    await_loaded(stage, scorers, winners[0].id, WON_S)
    lost = next(entry for entry in reversed(page.entries) if entry.verdict.reason == "wrong-predecessor")
    told(stage, REFUSED, {"wrong-predecessor"}, times=len(scorers), offset=lost.offset)
    stage.expect(f"by {winners[0].release.actor}" in str(losers[0]), f"the loser was not told who won: {losers[0]}")
    stage.struck()


def _wrong_order(stage: Stage, scorers: Collection[Worker]) -> None:
    """The second of two comes first, and counts only when it comes once more behind its predecessor."""
    first, second = chained(stage, 2)
    refused(stage, second, "wrong-predecessor", times=len(scorers))
    stage.world.publish(first)
    await_loaded(stage, scorers, release_id(first), WON_S)
    stage.world.publish(second)
    await_loaded(stage, scorers, release_id(second), WON_S)
    stage.struck()


def _race(stage: Stage, decisions: dict[str, str]) -> list[object]:
    """Desks that all have read the head before any publishes: the clock is read in between."""
    meeting = threading.Barrier(len(decisions), timeout=120)
    outcomes: list[object] = []

    def clock() -> datetime:
        meeting.wait()
        return datetime.now(UTC)

    def decide(actor: str, version: str) -> None:
        person = replace(desk(stage), actor=actor, clock=clock, prober=Prober())
        try:
            outcomes.append(person.approve(stage.world.model, version, reason=f"{actor} says so"))
        except Exception as error:
            outcomes.append(error)
        finally:
            person.prober.close()

    threads = [threading.Thread(target=decide, args=pair) for pair in decisions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return outcomes


def rollbacks(stage: Stage) -> None:
    """Forward and back under load, with no bundle left in the registry, and a scorer killed meanwhile.

    Seen to fail with the serving read from the slot again when outputs are written (answers of one version with scores
    of the other), and with the cache not looked at first (the killed scorer never serves again).
    """
    scorers = [stage.world.scorer("score-a"), stage.world.scorer("score-b")]
    stage.world.sink()
    stage.world.add_version("v2")
    await_loaded(stage, scorers, release_id(stage.world.releases[-1]))
    stage.sending(rate=150)
    stage.await_more(50)
    await_loaded(stage, scorers, stage.world.release("v2"))
    lost = stage.world.add_version("v3")
    shutil.rmtree(in_registry(stage.world, "v1").parent)
    person, deaths = desk(stage), 0
    for turn in range(stage.size.times):
        link = person.rollback(stage.world.model, reason="it was better before")
        await_loaded(stage, scorers, link.id)
        stage.struck()
        if turn % 4 == 1:
            deaths += 1
            _killed(stage, scorers[0], deaths, link.id)
    stage.world.releases = [entry.message for entry in person.page(stage.world.model).entries]
    stage.expect(link.release.action == "rollback", "the last release is no rollback")
    _nobody_has_it(stage, scorers[0], lost, deaths + 1, link.id)
    person.prober.close()


def _killed(stage: Stage, scorer: Worker, deaths: int, release: str) -> None:
    before = loads(scorer, release)
    scorer.signal(signal.SIGKILL)
    stage.await_end(scorer, deaths, -signal.SIGKILL)
    stage.until(lambda: loads(scorer, release) > before, "its next life serves the same release", 120)
    stage.struck()


def _nobody_has_it(stage: Stage, scorer: Worker, digest: str, deaths: int, served: str) -> None:
    """The head's bundle cannot be had at all: a scorer that starts goes back to the last release that it can load."""
    previous = json.loads(stage.world.releases[-1])["document"]["variants"][0]
    message = _next(stage, previous | {"version": "v3", "digest": digest})
    stage.world.publish(message)
    told(stage, NOT_LOADED, {"UnknownVersion"}, release=release_id(message))
    _killed(stage, scorer, deaths, served)
    stage.await_more(100)


def _next(stage: Stage, variant: dict[str, Any]) -> bytes:
    """The next release, of a bundle that the registry does not know any more."""
    last = json.loads(stage.world.releases[-1])["document"]
    told = {"action": "approve", "sequence": last["sequence"] + 1, "predecessor": release_id(stage.world.releases[-1])}
    return signed_whole(stage.world, last | told | {"issued_at": datetime.now(UTC).isoformat(), "variants": [variant]})


def keys(stage: Stage) -> None:
    """A second key is trusted while workers run, the first one ends, the second one is taken away.

    Seen to fail with the keys read once at a worker's start: what the second signs never counts.
    """
    scorers = [stage.world.scorer("score-a"), stage.world.scorer("score-b")]
    stage.world.sink()
    for version in ("v2", "v3", "v4"):
        stage.world.add_version(version)
    first, second = desk_key(stage.world), Ed25519PrivateKey.generate()
    trust(stage.world.signers, second.public_key())
    await_loaded(stage, scorers, release_id(stage.world.releases[-1]))
    stage.sending(rate=100)
    stage.await_more(50)
    message = signed_by(stage.world, second, "v2")
    too_soon = refused(stage, message, "unknown-key", times=2)
    stage.struck()
    trust_until(stage.world, second)
    await_loaded(stage, scorers, too_soon)
    stage.world.releases.append(message)
    stage.struck()
    _end_the_first(stage, scorers, first, second)
    trusted_file(stage.world, second).unlink()
    served = release_id(stage.world.releases[0])
    stage.until(lambda: all(loads(scorer, served) >= 2 for scorer in scorers), "the first key's release")
    stage.struck()
    stage.await_more(50)


def _end_the_first(stage: Stage, scorers: list[Worker], first: Ed25519PrivateKey, second: Ed25519PrivateKey) -> None:
    """Once it has ended, nothing of it counts, dated back or not; what it released before does, for a new life, too."""
    trust_until(stage.world, first, f"Not-After: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    stage.world.releases.append(signed_by(stage.world, second, "v3"))
    stage.world.publish(stage.world.releases[-1])
    head = release_id(stage.world.releases[-1])
    await_loaded(stage, scorers, head)
    refused(stage, stage.world.document("v4"), "expired-key", times=2)
    refused(stage, stage.world.document("v4", issued_at="2020-01-01T00:00:00+00:00"), "expired-key", times=2)
    stage.struck()
    _killed(stage, scorers[0], 1, head)


FAULTS = (
    *BUNDLES,
    Fault(
        rows=(27,),
        name="release-storm",
        title="500 releases in 5 seconds: a worker loads a few of them, one at a time, and ends with the last.",
        strike=storm,
        about_s=120,
    ),
    Fault(
        rows=(28,),
        name="release-race",
        title="Two desks decide at once, documents arrive in the wrong order, an old one is replayed: one wins on all "
        "workers within 10 seconds, the other desk is told.",
        strike=race,
        about_s=180,
    ),
    Fault(
        rows=(30,),
        name="rollback-without-registry",
        title="Rollbacks under load after the bundles were deleted from the registry; a scorer is killed meanwhile and "
        "serves again from its cache; a head that nobody can load leaves the last good one.",
        strike=rollbacks,
        about_s=180,
    ),
    Fault(
        rows=(25, 28),
        name="keys-changed",
        title="A key is trusted while workers run, another ends, one is taken away: all workers come to the same "
        "release without a restart, and after one.",
        strike=keys,
        about_s=120,
    ),
)
