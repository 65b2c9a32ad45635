"""HeadraceError
└── AnswerNotRegistered   raised when the schema registry does not take the schema of answers
"""

from headrace.errors import HeadraceError


class AnswerNotRegistered(HeadraceError):
    """Raised when the schema registry does not take the schema of answers, which requests in its framing need."""

    def __init__(self, schema_registry: str, detail: str) -> None:
        super().__init__(
            f"the schema registry at {schema_registry} does not take the schema of answers ({detail}); "
            "is it running, and is schema_registry right? Without that setting no request may come in its framing"
        )
