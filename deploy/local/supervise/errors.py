"""What can go wrong while supervising.

HeadraceError
└── SuperviseError            raised when a supervisor is asked for something about a child that cannot be done
"""

from headrace.errors import HeadraceError


class SuperviseError(HeadraceError):
    """Raised when a supervisor is asked for something about a child that cannot be done."""

    @classmethod
    def unknown(cls, name: str, known: list[str]) -> "SuperviseError":
        return cls(f"no child is named {name!r}; there are: {', '.join(known) or 'none'}")

    @classmethod
    def running(cls, name: str) -> "SuperviseError":
        return cls(f"a child named {name!r} is running already; stop it first or use another name")
