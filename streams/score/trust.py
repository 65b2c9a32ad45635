"""A chain of releases under trusted keys that may change while a worker runs."""

from collections.abc import Callable

from headrace.release import Chain, Link, TrustedKeys, Verdict

# What is wrong with these no key can mend; they are not kept.
NEVER = ("too-large", "malformed", "unsigned", "not-canonical", "bad-signature", "wrong-model", "replayed")


class TrustedChain:
    """The chain as a worker that starts now would fold it: whenever the keys changed, all documents are judged anew.

    A release that came before its key was trusted counts once it is; what a key signed counts no more once the key is
    taken away. Otherwise workers would serve different releases, depending on when they were started.
    """

    def __init__(self, model: str, keys: Callable[[], TrustedKeys]) -> None:
        self.model = model
        self._keys, self.trusted = keys, keys()
        self._chain = Chain(model, self.trusted)
        self._documents: list[bytes] = []

    @property
    def head(self) -> Link | None:
        """The release that holds now."""
        return self._chain.head

    @property
    def history(self) -> tuple[Link, ...]:
        """All releases that count, oldest first."""
        return self._chain.history

    def take(self, document: bytes) -> Verdict:
        """Accept the next link, or say why the document changes nothing."""
        verdict = self._chain.take(document)
        if verdict.reason not in NEVER:
            self._documents.append(document)
        return verdict

    def look(self) -> bool:
        """Read the keys again; whether they changed. Raises what reading them raises, and keeps those it has."""
        trusted = self._keys()
        if trusted == self.trusted:
            return False
        self.trusted, self._chain = trusted, Chain(self.model, trusted)
        for document in self._documents:
            self._chain.take(document)
        return True
