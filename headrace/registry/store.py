"""Write-once objects in a folder or a bucket."""

from collections.abc import Sequence
from pathlib import Path

import obstore
from obstore import exceptions
from obstore.store import LocalStore, ObjectStore, from_url

from headrace.errors import first_line
from headrace.registry.errors import AlreadyRegistered, RegistryError, RegistryUnavailable


class WriteOnce:
    """Objects by name; an object is created once and never overwritten.

    A folder is made by the first write. Were it made by whoever reads, one that is away would pass for one that is
    empty, and what is asked for would be thought unknown.
    """

    __slots__ = ("_folder", "_opened", "called", "url")

    def __init__(self, url: str, called: str = "registry") -> None:
        self.url, self.called = url, called
        self._folder = None if "://" in url else Path(url).absolute()
        self._opened: ObjectStore | None = None
        if self._folder is None or self._folder.exists():
            self._open()

    def make(self) -> None:
        """Make the folder now, where it is one, so that what stands against it is told now."""
        self._open()

    def create(self, name: str, content: bytes) -> None:
        """Store content; the same bytes once more are no error, other bytes raise AlreadyRegistered."""
        if not self.claim(name, content) and self.read(name) != content:
            raise AlreadyRegistered(f"{name} is already in the {self.called} {self.url} with other contents")

    def claim(self, name: str, content: bytes | Sequence[bytes] = b"") -> bool:
        """Store content, or pieces of it, if nobody was here before; whether this call was the first."""
        try:
            obstore.put(self._open(), name, content, mode="create", use_multipart=False)
        except exceptions.AlreadyExistsError:
            return False
        except (exceptions.BaseError, OSError) as error:
            raise self._away(f"writing {name}", error) from None
        return True

    def read(self, name: str, limit: int | None = None) -> bytes | None:
        """The bytes of an object, None when it is not there; refuses one larger than the limit."""
        try:
            found = obstore.get(self._there(f"reading {name}"), name)
            if limit is not None and found.meta["size"] > limit:
                size = found.meta["size"]
                raise RegistryError(f"{name} in the {self.called} has {size} bytes where at most {limit} were expected")
            return bytes(found.bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (exceptions.BaseError, OSError) as error:
            raise self._away(f"reading {name}", error) from None

    def names(self, prefix: str) -> list[str]:
        """Names of all objects below a prefix; none where nothing was ever written."""
        doing = f"listing {prefix}"
        if self._folder and not self._folder.exists():
            return []
        try:
            return sorted(row["path"] for batch in obstore.list(self._there(doing), prefix) for row in batch)
        except FileNotFoundError:
            return []
        except (exceptions.BaseError, OSError) as error:
            raise self._away(doing, error) from None

    def _there(self, doing: str) -> ObjectStore:
        if self._folder and not self._folder.is_dir():
            raise RegistryUnavailable(
                f"{doing}: the {self.called} {self.url} is not there; moved, not mounted, or nothing was put there yet"
            )
        return self._open()

    def _open(self) -> ObjectStore:
        if self._opened is not None and (self._folder is None or self._folder.is_dir()):
            return self._opened
        try:
            self._opened = _opened(self.url, self._folder)
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise RegistryUnavailable(f"the {self.called} {self.url} cannot be opened: {first_line(error)}") from None
        return self._opened

    def _away(self, doing: str, error: Exception) -> RegistryUnavailable:
        said = f"the {self.called} {self.url} does not answer or refuses: {first_line(error)}"
        return RegistryUnavailable(f"{doing}: {said}")


def _opened(url: str, folder: Path | None) -> ObjectStore:
    if folder is not None:
        return LocalStore(folder, mkdir=True)
    return from_url(url, mkdir=True) if url.startswith("file://") else from_url(url)
