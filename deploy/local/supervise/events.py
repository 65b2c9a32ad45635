"""What a supervisor tells about its children."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A child runs; restarts counts the lives before this one."""

    name: str
    pid: int
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child ended, by an exit code or by a signal; asked tells whether the supervisor was stopping it."""

    name: str
    code: int | None
    signal: int | None
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarting:
    """A child that ended unasked is started again after so many seconds."""

    name: str
    seconds: float


Event = Started | Ended | Restarting


def ended(name: str, returncode: int, *, asked: bool) -> Ended:
    """The event of a return code as subprocess gives it: negative means a signal."""
    code, signal = (None, -returncode) if returncode < 0 else (returncode, None)
    return Ended(name=name, code=code, signal=signal, asked=asked)
