"""Files by path or object-store address: which there are, and how to open one."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any

import obstore
import pyarrow as pa
from obstore import exceptions
from obstore.store import LocalStore, ObjectStore, from_url

from headrace.batch.errors import InputUnreadable
from headrace.batch.job import Source
from headrace.errors import first_line

AHEAD = 2**20
WILD = re.compile(r"[*?\[]")


def absolute(address: str) -> str:
    """An address that means the same to every process on this machine."""
    return address if "://" in address else str(Path(address).absolute())


def sources(address: str, suffixes: Sequence[str]) -> tuple[Source, ...]:
    """The files of an address: one file, all in a folder, or those that a glob names; in the order of their names.

    What begins with a dot or an underscore, and what lies in such a folder, is nobody's data.
    """
    folder, pattern = _split(absolute(address), suffixes)
    try:
        found = _listed(_store(folder), pattern, suffixes)
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise InputUnreadable(f"{address} cannot be read: {first_line(error)}") from None
    if not found:
        raise InputUnreadable(f"{address}: there is no file of a kind that can be read ({', '.join(suffixes)})")
    return tuple(_source(folder, one) for one in sorted(found, key=lambda one: one["path"]))


def unchanged(source: Source) -> None:
    """Raise InputUnreadable when a file is not there any more, or not as it was."""
    folder, name = _parent(source.name)
    try:
        now = _source(folder, obstore.head(_store(folder), name))
    except FileNotFoundError:
        raise InputUnreadable(f"{source.name} is not there any more") from None
    if now != source:
        raise InputUnreadable(f"{source.name} was changed since the job was planned")


@contextmanager
def reading(source: Source) -> Iterator[IO[bytes]]:
    """A file to read and seek in; whatever is found wrong with it inside is raised as InputUnreadable."""
    try:
        with _opened(source) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, EOFError) as error:
        raise InputUnreadable(f"{source.name}: {first_line(error)}") from None


def _opened(source: Source) -> IO[bytes]:
    folder, name = _parent(source.name)
    if "://" not in folder:
        return Path(source.name).open("rb")
    return io.BufferedReader(_Remote(_store(folder), name, source.size), AHEAD)


class _Remote(io.RawIOBase):
    """An object read in ranges, as the reader of a format asks for them."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        self._store, self._name, self._size, self._at = store, name, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, into: Any) -> int:
        length = max(0, min(len(into), self._size - self._at))
        if length:
            into[:length] = obstore.get_range(self._store, self._name, start=self._at, length=length)
        self._at += length
        return length


def _split(address: str, suffixes: Sequence[str]) -> tuple[str, str]:
    """The folder to look into and the pattern of names below it."""
    if wild := WILD.search(address):
        folder, _, rest = address[: wild.start()].rpartition("/")
        return folder, rest + address[wild.start() :]
    if address.lower().endswith(tuple(suffixes)) and ("://" in address or not Path(address).is_dir()):
        return _parent(address)
    return address, "**"


def _parent(address: str) -> tuple[str, str]:
    folder, _, name = address.rpartition("/")
    return folder, name


def _store(folder: str) -> ObjectStore:
    return from_url(folder) if "://" in folder else LocalStore(Path(folder))


def _listed(store: ObjectStore, pattern: str, suffixes: Sequence[str]) -> list[Any]:
    if not WILD.search(pattern):
        return [obstore.head(store, pattern)]
    every = (one for batch in obstore.list(store) for one in batch)
    return [one for one in every if _fits(one["path"], pattern) and one["path"].lower().endswith(tuple(suffixes))]


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = PurePosixPath(path).parts, PurePosixPath(pattern).parts
    if any(part[0] in "._" for part in parts):
        return False
    if "**" in pattern:
        return pattern == "**" or fnmatchcase(path, pattern)
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def _source(folder: str, found: Any) -> Source:
    mark = found.get("e_tag") or found["last_modified"].isoformat()
    return Source(name=f"{folder.rstrip('/')}/{found['path']}", size=found["size"], mark=mark)
