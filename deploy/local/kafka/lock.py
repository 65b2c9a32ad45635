"""The lock file: which jars make a broker, by sha256, size and path in a Maven repository. It holds no addresses."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).with_name("kafka.lock")
_LINE = re.compile(r"([0-9a-f]{64}) (\d+) ((?:[\w-][\w.-]*/)+([\w-][\w.-]*\.jar))", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedJar:
    """One jar as it must be, byte for byte; size in bytes."""

    sha256: str
    size: int
    path: str
    name: str

    def is_in(self, folder: Path) -> bool:
        """Whether the folder has a file of this name, whatever is in it."""
        return (folder / self.name).exists()

    def is_same_as(self, file: Path) -> bool:
        """Whether the file is this jar."""
        if file.stat().st_size != self.size:
            return False
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256


def read_lock(lock: Path = LOCK) -> tuple[LockedJar, ...]:
    """The jars of a lock file; a line that is not of the form is a ValueError."""
    return tuple(_jar(line) for line in lock.read_text(encoding="ascii").splitlines())


def _jar(line: str) -> LockedJar:
    match = _LINE.fullmatch(line)
    if not match:
        raise ValueError(f"not a line of a lock file: {line!r}")
    sha256, size, path, name = match.groups()
    return LockedJar(sha256=sha256, size=int(size), path=path, name=name)
