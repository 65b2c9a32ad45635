"""HeadraceError
└── QualityError   raised when quality cannot be told
    └── UnknownModel  raised when no such model was applied
"""

from headrace.errors import HeadraceError


class QualityError(HeadraceError):
    """Raised when quality cannot be told, and why."""


class UnknownModel(QualityError):
    """Raised when ClickHouse knows no such model."""

    def __init__(self, model: str, known: list[str]) -> None:
        there = f"it knows {', '.join(known)}" if known else "it knows none"
        super().__init__(f"no model {model} was applied to this ClickHouse ({there}); `headrace apply FOLDER` does it")
