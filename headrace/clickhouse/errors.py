"""HeadraceError
├── ClickHouseUnreachable  raised when ClickHouse does not answer
└── ClickHouseRefused      raised when ClickHouse answers with an exception
"""

from headrace.errors import HeadraceError


class ClickHouseUnreachable(HeadraceError):
    """Raised when ClickHouse does not answer, or breaks off."""

    def __init__(self, doing: str, address: str, detail: str) -> None:
        super().__init__(
            f"{doing}: ClickHouse at {address} does not answer ({detail}); is it running, and is the address right?"
        )


class ClickHouseRefused(HeadraceError):
    """Raised when ClickHouse answers with an exception; code is ClickHouse's own."""

    def __init__(self, doing: str, code: int, message: str) -> None:
        self.code = code
        super().__init__(f"{doing}: ClickHouse says: {message}")
