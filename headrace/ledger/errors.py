"""HeadraceError
├── NotApplied         raised when a model has no tables or topics to count
└── RequestUnknown     raised when no table knows a request_id
"""

from headrace.errors import HeadraceError


class NotApplied(HeadraceError):
    """Raised when a model has no tables or topics to count."""

    def __init__(self, model: str) -> None:
        super().__init__(f"there are no tables of a model {model}; `headrace apply FOLDER` creates what a model needs")


class RequestUnknown(HeadraceError):
    """Raised when no table knows a request_id."""

    def __init__(self, request_id: str, models: str) -> None:
        super().__init__(
            f"no answer to {request_id!r} is in ClickHouse (looked for in {models}); if it was sent just now, "
            "its row may be on the way, as `headrace ledger MODEL` shows"
        )
