"""Which version scores a job: the champion of this moment, one that was named, or the latest candidate."""

from headrace.batch.errors import NothingReleased
from headrace.batch.planning import Pinned
from headrace.candidate import read_board
from headrace.kafka.clients import KafkaAddress
from headrace.ledger.approvals import head
from headrace.registry import Registry
from headrace.release import Link, TrustedKeys


class Pinning:
    """Looks versions up in the release chain, on the board of candidates and in the registry."""

    def __init__(self, kafka: KafkaAddress, trusted: TrustedKeys, registry: Registry) -> None:
        self._kafka, self._trusted, self._registry = kafka, trusted, registry

    def champion(self, model: str) -> Pinned:
        """What serves now; raises NothingReleased."""
        link = self._head(model)
        if link is None:
            raise NothingReleased(model, "release that this machine's trusted keys vouch for")
        champion = link.release.champion
        return _pinned(champion.version, champion.digest, link)

    def version(self, model: str, version: str) -> Pinned:
        """A version by name, decided by the threshold of what serves now; raises UnknownVersion."""
        return _pinned(version, self._registry.digest(model, version), self._head(model))

    def candidate(self, model: str) -> Pinned:
        """The latest candidate that nobody rejected; raises NothingReleased."""
        held = [one for one in read_board(self._kafka, model).candidates.values() if one.rejection is None]
        if not held:
            raise NothingReleased(model, "candidate")
        return _pinned(held[-1].proposal.version, held[-1].proposal.digest, self._head(model))

    def _head(self, model: str) -> Link | None:
        return head(self._kafka, self._trusted, model)


def _pinned(version: str, digest: str, link: Link | None) -> Pinned:
    """release is named only where it vouches for this very bundle."""
    if link is None:
        return Pinned(version=version, digest=digest)
    vouched = any((one.version, one.digest) == (version, digest) for one in link.release.variants)
    return Pinned(version=version, digest=digest, release=link.id if vouched else "", threshold=link.release.threshold)
