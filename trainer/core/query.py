"""Which part of the history trains a model and which part judges it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headrace.instants import instant, spelt
from trainer.errors import QueryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Training rows are in [since, until), evaluation rows in [until, evaluate_until); since None is from the start."""

    since: datetime | None
    until: datetime
    evaluate_until: datetime

    def to_dict(self) -> dict[str, str | None]:
        """The instants as ISO 8601 in UTC."""
        return {
            "since": spelt(self.since) if self.since else None,
            "until": spelt(self.until),
            "evaluate_until": spelt(self.evaluate_until),
        }


def query(*, since: str | None, until: str, evaluate_until: str | None, evaluation_days: int) -> Query:
    """Read the instants; raises QueryError when one is not ISO 8601 or they are not in order."""
    start, end = read(since) if since else None, read(until)
    last = read(evaluate_until) if evaluate_until else end + timedelta(days=evaluation_days)
    if start is not None and start >= end:
        raise QueryError(f"--since {since} is not before --until {until}: no row could be trained on")
    if last <= end:
        raise QueryError(f"--evaluate-until {evaluate_until} is not after --until {until}: no row could be evaluated")
    return Query(since=start, until=end, evaluate_until=last)


def read(text: str) -> datetime:
    """A date or an instant in ISO 8601; UTC unless it names a zone."""
    found = instant(text)
    if found is None:
        example = "2013-02-01 or 2013-02-01T06:00+01:00"
        raise QueryError(f"{text!r} is not a date or an instant in ISO 8601, such as {example}")
    return found.astimezone(UTC)
