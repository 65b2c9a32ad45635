"""Which version scores a job: the champion of this moment, one that was named, or the latest candidate."""

from headrace.batch.errors import NothingReleased
from headrace.batch.planning import Pinned
from headrace.candidate import read_board
from headrace.kafka.clients import KafkaAddress
from headrace.ledger.approvals import approvals
from headrace.registry import Registry
from headrace.release import Link, TrustedKeys


class Pinning:
    """Looks versions up in the release chain, on the board of candidates and in the registry."""

    def __init__(self, kafka: KafkaAddress, trusted: TrustedKeys, registry: Registry) -> None:
        self._kafka, self._trusted, self._registry = kafka, trusted, registry

    def champion(self, model: str) -> Pinned:
        """What serves now; raises NothingReleased."""
        head = self._head(model)
        if head is None:
            raise NothingReleased(model, "release that this machine's trusted keys vouch for")
        champion = head.release.champion
        return _pinned(champion.version, champion.digest, head)

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
        return next(reversed(approvals(self._kafka, self._trusted, frozenset({model})).values()), None)


def _pinned(version: str, digest: str, head: Link | None) -> Pinned:
    """release is named only where it vouches for this very bundle."""
    if head is None:
        return Pinned(version=version, digest=digest)
    vouched = any((one.version, one.digest) == (version, digest) for one in head.release.variants)
    return Pinned(version=version, digest=digest, release=head.id if vouched else "", threshold=head.release.threshold)
