"""The chain of a model's releases: a document counts only if its predecessor is the head."""

from dataclasses import dataclass
from datetime import datetime

from headrace.instants import instant
from headrace.release.document import Release
from headrace.release.keys import TrustedKeys
from headrace.release.message import Refused, release_id, short, verify

REASONS = (
    "too-large",
    "malformed",
    "unsigned",
    "not-canonical",
    "unknown-key",
    "bad-signature",
    "expired-key",
    "wrong-model",
    "replayed",
    "wrong-predecessor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An accepted release."""

    id: str
    release: Release

    @property
    def short(self) -> str:
        """The first 12 digits of the id."""
        return short(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a message: a new head, or a reason (one of REASONS) with its detail."""

    id: str
    link: Link | None = None
    reason: str = ""
    detail: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the message is the new head."""
        return self.link is not None


class Chain:
    """The fold of one model's messages in topic order; readers that trust the same keys come to the same head."""

    __slots__ = ("_ids", "_links", "_trusted", "model")

    def __init__(self, model: str, trusted: TrustedKeys) -> None:
        self.model = model
        self._trusted = trusted
        self._links: list[Link] = []
        self._ids: set[str] = set()

    @property
    def head(self) -> Link | None:
        """The release that holds now."""
        return self._links[-1] if self._links else None

    @property
    def history(self) -> tuple[Link, ...]:
        """All accepted releases, oldest first."""
        return tuple(self._links)

    def take(self, message: bytes) -> Verdict:
        """Accept the next link, or say why the message changes nothing."""
        identity = release_id(message)
        found = self._placed(identity, verify(message, self._trusted))
        if isinstance(found, Refused):
            return Verdict(id=identity, reason=found.reason, detail=found.detail)
        link = Link(id=identity, release=found)
        self._links.append(link)
        self._ids.add(identity)
        return Verdict(id=identity, link=link)

    def _placed(self, identity: str, release: Release | Refused) -> Release | Refused:
        if isinstance(release, Refused):
            return release
        if release.model != self.model:
            return Refused(reason="wrong-model", detail=f"a release of {release.model} in the chain of {self.model}")
        if identity in self._ids:
            return Refused(reason="replayed", detail=f"release {release.sequence} was taken before")
        head = self.head
        if (end := self._trusted.ends.get(release.key_id)) and not _before(end, release, head):
            told = f"key {release.key_id} can release nothing after {end.isoformat()}"
            return Refused(reason="expired-key", detail=f"{told}; this was issued at {release.issued_at or 'no time'}")
        wanted, sequence = (head.id, head.release.sequence + 1) if head else ("", 0)
        if release.predecessor == wanted and release.sequence == sequence:
            return release
        after = f"release {short(wanted)}" if wanted else "no release"
        said = short(release.predecessor) or "none"
        return Refused(
            reason="wrong-predecessor",
            detail=f"it follows {said} as number {release.sequence}, but number {sequence} is next and follows {after}",
        )


def _before(end: datetime, release: Release, head: Link | None) -> bool:
    """Whether a key that ends could still release this.

    Judged by what documents say, so that a replay of the topic comes to the same. Who holds the key can date a document
    back; therefore it cannot follow one that was issued after the key's end either.
    """
    issued = [instant(release.issued_at)] + ([instant(head.release.issued_at)] if head else [])
    return all(at is not None and at <= end for at in issued)
