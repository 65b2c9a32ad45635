"""How one answer came about: its input, its version, who approved that, and the score made again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from headrace.clickhouse.client import ClickHouse
from headrace.instants import spelt
from headrace.kafka.clients import KafkaAddress
from headrace.ledger.approvals import approvals
from headrace.ledger.finding import FoundAnswer, find
from headrace.ledger.rescoring import Rescored, Rescoring
from headrace.ledger.restoring import readable
from headrace.release import Link, TrustedKeys, Variant, short


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One answer, the release under which it was given (None: not in the chain), and its score made again."""

    answer: FoundAnswer
    link: Link | None = None
    rescored: Rescored | None = None

    @property
    def input(self) -> dict[str, Any]:
        """The features as a client would write them."""
        return {f.name: readable(f, self.answer.values[f.name]) for f in self.answer.features}

    def as_dict(self) -> dict[str, Any]:
        """The explanation for JSON."""
        answer = self.answer
        told = {
            "model": answer.model,
            "request_id": answer.request_id,
            "status": "ok" if answer.reason is None else "rejected",
            "source_topic": answer.source_topic,
            "source_partition": answer.source_partition,
            "source_offset": answer.source_offset,
            "scored_at": instant(answer.scored_at),
        }
        if answer.reason is not None:
            return told | {"reason": answer.reason, "worker": answer.worker}
        return told | {
            "event_time": instant(answer.event_time),
            "entity": answer.entity,
            "features": self.input,
            "score": answer.score,
            "decision": answer.decision,
            "pinned": dict(answer.pinned),
            "version": answer.version,
            "variant": answer.variant,
            "release": self._release(),
            "rescored": asdict(self.rescored) if self.rescored else None,
        }

    def _release(self) -> dict[str, Any]:
        identity = {"id": self.answer.release, "short": short(self.answer.release)}
        return identity | asdict(self.link.release) if self.link else identity


class Explaining:
    """Explains answers."""

    def __init__(
        self, *, kafka: KafkaAddress, clickhouse: ClickHouse, trusted: TrustedKeys, rescoring: Rescoring
    ) -> None:
        self._kafka, self._clickhouse, self._trusted, self._rescoring = kafka, clickhouse, trusted, rescoring

    def explain(self, request_id: str, model: str | None = None) -> list[Explanation]:
        """Every answer to a request_id, oldest first; raises RequestUnknown when there is none."""
        found = find(self._clickhouse, request_id, model)
        scored = frozenset(answer.model for answer in found if answer.reason is None)
        links = approvals(self._kafka, self._trusted, scored) if scored else {}
        return [self._explain(answer, links) for answer in found]

    def _explain(self, answer: FoundAnswer, links: Mapping[str, Link]) -> Explanation:
        if answer.reason is not None or answer.score is None:
            return Explanation(answer=answer)
        link = links.get(answer.release)
        if link is None:
            problem = (
                f"release {short(answer.release) or 'none'} is not in the chain of {answer.model} that this machine's "
                "trusted keys vouch for, so nothing says which bundle that was"
            )
            return Explanation(answer=answer, rescored=Rescored(problem=problem))
        variant = _variant(link, answer)
        if variant is None:
            problem = (
                f"release {link.short} does not serve {answer.version} as {answer.variant}: this row is not its work"
            )
            return Explanation(answer=answer, link=link, rescored=Rescored(problem=problem))
        rescored = self._rescoring.again(answer.model, variant, answer.values, answer.score)
        return Explanation(answer=answer, link=link, rescored=rescored)


def instant(value: datetime | None) -> str | None:
    """An instant as ISO-8601 text in UTC."""
    return None if value is None else spelt(value)


def _variant(link: Link, answer: FoundAnswer) -> Variant | None:
    fitting = (v for v in link.release.variants if (v.name, v.version) == (answer.variant, answer.version))
    return next(fitting, None)
