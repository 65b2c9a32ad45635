"""Whether an answer that is given now is the answer that was given then; pure."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from streams.score.core import Decisions
from streams.score.serving import Serving

Outcome = Literal["identical", "different", "rejected-alike", "not-replayed"]


class Answer(NamedTuple):
    """What decides about an answer; reason is that of a rejection, None when there is a score."""

    version: str | None = None
    variant: str | None = None
    score: float | None = None
    decision: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One request: where it stands, the release that answered it then, both answers; why: it could not be replayed."""

    partition: int
    offset: int
    request_id: str | None
    release: str | None
    then: Answer | None
    now: Answer | None = None
    why: str | None = None

    @property
    def outcome(self) -> Outcome:
        """How the answers compare."""
        if self.then is None or self.now is None:
            return "not-replayed"
        if self.then.reason is not None and self.then == self.now:
            return "rejected-alike"
        return "identical" if _same(self.then, self.now) else "different"

    @property
    def decides_otherwise(self) -> bool:
        """Whether the request would fare differently: another decision, or a score where there was none, or none."""
        if self.then is None or self.now is None:
            return False
        scored = self.then.reason is None, self.now.reason is None
        return scored[0] != scored[1] or self.then.decision != self.now.decision

    @property
    def distance(self) -> float | None:
        """By how much the scores differ; None where not both have one."""
        then, now = self.then and self.then.score, self.now and self.now.score
        return None if then is None or now is None else abs(then - now)


def answers(decisions: Decisions, serving: Serving) -> Iterator[Answer]:
    """The answers that a worker would send for a batch, in its order."""
    names: Mapping[int, tuple[str, str]] = {
        index: (served.variant.version, served.variant.name) for index, served in enumerate(serving.variants)
    }
    decided = [None] * len(decisions.ok) if decisions.decision is None else decisions.decision.tolist()
    scored = zip(decisions.variant.tolist(), decisions.scores.tolist(), decided, strict=True)
    for row, (variant, score, decision) in enumerate(scored):
        if row in decisions.reasons:
            yield Answer(reason=decisions.reasons[row])
        else:
            yield Answer(*names[variant], score, decision)


def _same(then: Answer, now: Answer) -> bool:
    return then[:2] == now[:2] and then[3:] == now[3:] and _bits(then.score) == _bits(now.score)


def _bits(score: float | None) -> bytes:
    return struct.pack("<d", np.nan if score is None else score)
