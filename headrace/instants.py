"""Instants as text, in ISO 8601."""

from datetime import UTC, datetime


def instant(text: str) -> datetime | None:
    """A date or an instant, UTC where it names no zone; None for a text that is neither."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def spelt(at: datetime, timespec: str = "auto") -> str:
    """In UTC, as 2026-01-15T12:00:00Z."""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
