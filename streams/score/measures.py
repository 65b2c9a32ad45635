"""A scorer's metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.score.core import Decisions

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0)
ROWS = (1, 2, 5, 10, 50, 100, 500, 1000, 2500, 5000, 10_000)


class Measures:
    """Counts per batch, never per record."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ok = self.rejected = 0
        self._answers = Counter("headrace_answers", "Requests answered", ["status"], registry=self.registry)
        self._not_delivered = Counter(
            "headrace_batches_not_delivered", "Batches that were read again", registry=self.registry
        )
        self._seconds = Histogram(
            "headrace_batch_seconds", "From a batch's reading to its delivery", buckets=SECONDS, registry=self.registry
        )
        self._rows = Histogram("headrace_batch_rows", "Requests in a batch", buckets=ROWS, registry=self.registry)

    def follow(self, behind: Callable[[], float], serving: Callable[[], bool], outdated: Callable[[], bool]) -> None:
        """Ask these whenever somebody looks."""
        age = Gauge("headrace_behind_seconds", "Age of the oldest request that waits", registry=self.registry)
        age.set_function(behind)
        served = Gauge("headrace_serving", "1 once a release is served", registry=self.registry)
        served.set_function(serving)
        waits = Gauge("headrace_release_waits", "1 while the newest release is not served", registry=self.registry)
        waits.set_function(outdated)

    def delivered(self, decisions: Decisions, seconds: float) -> None:
        """Count a delivered batch."""
        total, ok = len(decisions.ok), int(decisions.ok.sum())
        self.ok += ok
        self.rejected += total - ok
        self._answers.labels("ok").inc(ok)
        self._answers.labels("rejected").inc(total - ok)
        self._seconds.observe(seconds)
        self._rows.observe(total)

    def not_delivered(self) -> None:
        """Count a batch that will be read again."""
        self._not_delivered.inc()
