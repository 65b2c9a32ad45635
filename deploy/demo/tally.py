"""What the demo itself sent and saw come back, counted apart from what Headrace says of itself."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np

Place = tuple[int, int]
LATENCIES = 200_000


@dataclass(slots=True)
class Tally:
    """Shared by the threads of the demo."""

    acknowledged: dict[Place, str] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    answers: Counter[Place] = field(default_factory=Counter)
    by_version: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[Place] = field(default_factory=Counter)
    ok: int = 0
    rejected: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    recent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=400))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, places: list[Place], ids: list[str], versions: list[str], ok: int, now: float) -> None:
        """Note a batch of answers as it was read."""
        with self.lock:
            self.answers.update(places)
            self.by_version.update(version for version in versions if version)
            self.ok += ok
            self.rejected += len(places) - ok
            self.latencies.extend(now - self.sent_at[i] for i in ids if i in self.sent_at)
            self.recent.append((now, len(places)))

    def rate(self, seconds: float = 3.0) -> float:
        """Answers a second over the last seconds."""
        since = time.perf_counter() - seconds
        with self.lock:
            return sum(count for at, count in self.recent if at >= since) / seconds

    def percentiles(self, last: int = LATENCIES) -> tuple[float, float]:
        """p50 and p99 in milliseconds, from a request's sending to its answer's reading."""
        with self.lock:
            taken = list(self.latencies)[-last:]
        if not taken:
            return 0.0, 0.0
        p50, p99 = np.percentile(np.array(taken) * 1000, [50, 99])
        return float(p50), float(p99)

    def finished(self) -> set[Place]:
        """Requests with an answer or a dead letter."""
        with self.lock:
            return set(self.answers) | set(self.dead_letters)

    def unaccounted(self) -> int:
        """Acknowledged requests that have neither an answer nor a dead letter."""
        finished = self.finished()
        with self.lock:
            return sum(place not in finished for place in self.acknowledged)

    def duplicates(self) -> int:
        """Answers beyond one for each request."""
        with self.lock:
            return sum(count - 1 for count in self.answers.values())
