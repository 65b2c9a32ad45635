"""The count of a replay; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from streams.replay.comparing import Compared
from streams.replay.spans import Span

MOST_SHOWN = 100


@dataclass(slots=True, kw_only=True)
class Report:
    """What came of a replay. what_if: other answers are what was asked for, so they are no fault."""

    model: str
    what_if: bool = False
    spans: Sequence[Span] = ()
    identical: int = 0
    different: int = 0
    rejected_alike: int = 0
    waiting: int = 0
    not_replayed: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    distances: int = 0
    distance_sum: float = 0.0
    distance_most: float = 0.0
    differing: list[Compared] = field(default_factory=list)

    @property
    def replayed(self) -> int:
        """How many were answered again."""
        return self.identical + self.different + self.rejected_alike

    @property
    def good(self) -> bool:
        """Whether everything that had been answered was answered again, and the same."""
        return not self.not_replayed and (self.what_if or not self.different)

    @property
    def distance_mean(self) -> float:
        """By how much scores differ on average."""
        return self.distance_sum / self.distances if self.distances else 0.0

    def add(self, compared: Iterable[Compared]) -> None:
        """Count some more."""
        for one in compared:
            if one.outcome == "not-replayed":
                self.not_replayed[one.why or ""] += 1
                continue
            self._measure(one.distance)
            self.identical += one.outcome == "identical"
            self.rejected_alike += one.outcome == "rejected-alike"
            if one.outcome == "different":
                self._different(one)

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        counts = {name: getattr(self, name) for name in ("replayed", "identical", "different", "rejected_alike")}
        told: dict[str, Any] = {"model": self.model, "what_if": self.what_if, **counts}
        told |= {"not_replayed": self.not_replayed.total(), "why": dict(self.not_replayed), "waiting": self.waiting}
        told["partitions"] = [asdict(span) for span in self.spans]
        if self.what_if:
            told["decisions"] = dict(self.decisions)
            told["score_distance"] = {"mean": self.distance_mean, "largest": self.distance_most}
        told["differing"] = [as_row(one) for one in self.differing]
        return told

    def _measure(self, distance: float | None) -> None:
        if distance is not None:
            self.distances += 1
            self.distance_sum += distance
            self.distance_most = max(self.distance_most, distance)

    def _different(self, one: Compared) -> None:
        self.different += 1
        if one.decides_otherwise:
            self.decisions[change(one)] += 1
        shown = one.decides_otherwise if self.what_if and self._decides(one) else True
        if shown and len(self.differing) < MOST_SHOWN:
            self.differing.append(one)

    @staticmethod
    def _decides(one: Compared) -> bool:
        return bool(one.then and one.now and (one.then.decision is not None or one.now.decision is not None))


def change(one: Compared) -> str:
    """What became of a decision, such as `no → yes`."""
    words = {True: "yes", False: "no", None: "scored"}
    said = [words[a.decision] if a.reason is None else "rejected" for a in (one.then, one.now) if a is not None]
    return " → ".join(said)


def as_row(one: Compared) -> dict[str, Any]:
    """One request for JSON and Parquet."""
    return {
        "source_partition": one.partition,
        "source_offset": one.offset,
        "request_id": one.request_id,
        "outcome": one.outcome,
        "release": one.release,
        **{
            f"then_{name}": getattr(one.then, name, None)
            for name in ("version", "variant", "score", "decision", "reason")
        },
        **{
            f"now_{name}": getattr(one.now, name, None)
            for name in ("version", "variant", "score", "decision", "reason")
        },
        "why": one.why,
    }
