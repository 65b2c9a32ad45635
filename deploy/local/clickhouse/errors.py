"""What goes wrong in the local ClickHouse.

HeadraceError
└── FrontError            the front cannot start, or cannot go on
    ├── PortInUse         something else listens at the address
    ├── FolderInUse       another engine holds the folder
    └── UnusableFolder    the engine cannot keep its data there

Others never reach a person: EngineError crosses the wire as a ClickHouse exception (Unreadable, and the session ends),
ClientGone ends a session.
"""

from __future__ import annotations

import re

from headrace.errors import HeadraceError


class FrontError(HeadraceError):
    """Raised when the local ClickHouse cannot start, or cannot go on."""


class PortInUse(FrontError):
    """Raised when something else listens at the address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is in use; stop what listens there or choose another with --clickhouse-port"
        )


class FolderInUse(FrontError):
    """Raised when another engine holds the folder."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"the folder {path} is in use by another ClickHouse engine; stop that one or choose another folder"
        )


class UnusableFolder(FrontError):
    """Raised when the engine cannot keep its data in the folder."""

    def __init__(self, path: object, reason: object) -> None:
        super().__init__(f"the folder {path} cannot hold ClickHouse's data: {reason}; choose another folder")


class ClientGone(Exception):
    """Raised when the client has closed its connection, in the middle of something or not."""


class EngineError(Exception):
    """Raised for what a client is told: ClickHouse's number and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @classmethod
    def of(cls, error: Exception) -> EngineError:
        """Read number and text out of what chDB raised; 1000 stands for an error without a number."""
        if isinstance(error, EngineError):
            return error
        found = re.search(r"Code: (\d+)\. (?:DB::\w+: )?(.*)", str(error), re.DOTALL)
        return cls(int(found[1]), found[2]) if found else cls(1000, f"{type(error).__name__}: {error}")


class Unreadable(EngineError):
    """Raised when the client's bytes make no sense: where the next packet begins is lost, so the session ends."""


BAD_CHECKSUM = 40
NOT_IMPLEMENTED = 48
UNKNOWN_TYPE = 50
NO_SUCH_COLUMN = 16
UNEXPECTED_PACKET = 101
UNKNOWN_SETTING = 115
NOT_ENOUGH_SPACE = 243
QUERY_CANCELLED = 394
AUTHENTICATION_FAILED = 516
