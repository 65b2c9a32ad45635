"""Write-once objects in a folder or a bucket."""

from pathlib import Path

import obstore
from obstore import exceptions
from obstore.store import LocalStore, ObjectStore, from_url

from headrace.registry.errors import AlreadyRegistered, RegistryError, RegistryUnavailable


class WriteOnce:
    """Objects by name; an object is created once and never overwritten."""

    __slots__ = ("_store", "called", "url")

    def __init__(self, url: str, called: str = "registry") -> None:
        self.url, self.called = url, called
        try:
            self._store = _opened(url)
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise RegistryUnavailable(f"the {called} {url} cannot be opened: {_first_line(error)}") from None

    def create(self, name: str, content: bytes) -> None:
        """Store content; the same bytes once more are no error, other bytes raise AlreadyRegistered."""
        if not self.claim(name, content) and self.read(name) != content:
            raise AlreadyRegistered(f"{name} is already in the {self.called} {self.url} with other contents")

    def claim(self, name: str, content: bytes = b"") -> bool:
        """Store content if nobody was here before; whether this call was the first."""
        try:
            obstore.put(self._store, name, content, mode="create", use_multipart=False)
        except exceptions.AlreadyExistsError:
            return False
        except (exceptions.BaseError, OSError) as error:
            raise self._away(f"writing {name}", error) from None
        return True

    def read(self, name: str, limit: int | None = None) -> bytes | None:
        """The bytes of an object, None when it is not there; refuses one larger than the limit."""
        try:
            found = obstore.get(self._store, name)
            if limit is not None and found.meta["size"] > limit:
                size = found.meta["size"]
                raise RegistryError(f"{name} in the {self.called} has {size} bytes where at most {limit} were expected")
            return bytes(found.bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (exceptions.BaseError, OSError) as error:
            raise self._away(f"reading {name}", error) from None

    def names(self, prefix: str) -> list[str]:
        """Names of all objects below a prefix."""
        try:
            return sorted(row["path"] for batch in obstore.list(self._store, prefix) for row in batch)
        except FileNotFoundError:
            return []
        except (exceptions.BaseError, OSError) as error:
            raise self._away(f"listing {prefix}", error) from None

    def _away(self, doing: str, error: Exception) -> RegistryUnavailable:
        said = f"the {self.called} {self.url} does not answer or refuses: {_first_line(error)}"
        return RegistryUnavailable(f"{doing}: {said}")


def _opened(url: str) -> ObjectStore:
    if url.startswith("file://"):
        return from_url(url, mkdir=True)
    return from_url(url) if "://" in url else LocalStore(Path(url).absolute(), mkdir=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
