"""Why a row was rejected: a stable code, a colon, and words for a person."""

from enum import StrEnum

LONGEST_DETAIL = 200


class Code(StrEnum):
    """The stable part of a reason; dashboards and tests group by it."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    UNKNOWN_FORMAT = "unknown-format"
    UNKNOWN_SCHEMA = "unknown-schema"
    INCOMPATIBLE_SCHEMA = "incompatible-schema"
    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing-bytes"
    MALFORMED = "malformed"
    INVALID_ID = "invalid-id"
    INVALID_TIME = "invalid-time"
    INVALID_FIELD = "invalid-field"
    INVALID_FEATURE = "invalid-feature"
    MISSING_FIELD = "missing-field"
    MISSING_FEATURE = "missing-feature"
    UNEXPECTED_FIELD = "unexpected-field"

    def because(self, detail: str) -> str:
        """The whole reason; an over-long detail (it may quote the client's bytes) is cut."""
        return f"{self.value}: {detail if len(detail) <= LONGEST_DETAIL else detail[:LONGEST_DETAIL] + '…'}"
