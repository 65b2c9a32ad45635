"""The atoms of the native protocol: varints, strings and fixed-width numbers, over a source of chunks."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from .errors import ClientGone

INT32: Final = struct.Struct("<i")
UINT64: Final = struct.Struct("<Q")


def varint(value: int) -> bytes:
    """Encode an unsigned number, seven bits a byte, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(value: str | bytes) -> bytes:
    """Encode a string: its length, then its bytes."""
    raw = value if isinstance(value, bytes) else value.encode()
    return varint(len(raw)) + raw


class Reader:
    """Reads atoms from chunks, and remembers every byte since the last `forget`.

    `more` returns the next chunk, or nothing at the end, which raises ClientGone.
    """

    __slots__ = ("_bytes", "_more", "at")

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._bytes = bytearray()
        self.at = 0

    def forget(self) -> None:
        del self._bytes[: self.at]
        self.at = 0

    def since(self, start: int) -> bytes:
        """Return the bytes read from `start` on."""
        with memoryview(self._bytes) as view:
            return bytes(view[start : self.at])

    def skip(self, count: int) -> None:
        self.at += count
        self._reach(self.at)

    def take(self, count: int) -> bytes:
        start = self.at
        self.skip(count)
        return self.since(start)

    def number(self, form: struct.Struct) -> Any:
        start = self.at
        self.skip(form.size)
        return form.unpack_from(self._bytes, start)[0]

    def byte(self) -> int:
        self.skip(1)
        return self._bytes[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while (part := self.byte()) > 0x7F:
            value |= (part & 0x7F) << shift
            shift += 7
        return value | part << shift

    def text(self) -> str:
        return self.take(self.varint()).decode("utf-8", "surrogateescape")

    def skip_strings(self, count: int) -> None:
        """Skip strings; the loop is bare because it runs once a value of every inserted String column."""
        known, at = self._bytes, self.at
        while count:
            try:
                while count and (size := known[at]) < 0x80:
                    at += size + 1
                    count -= 1
            except IndexError:
                self._reach(at + 1)
                continue
            if count:
                self.at = at
                at = self.varint() + self.at
                count -= 1
        self.at = at
        self._reach(at)

    def _reach(self, end: int) -> None:
        while len(self._bytes) < end:
            chunk = self._more()
            if not chunk:
                raise ClientGone
            self._bytes += chunk

    @classmethod
    def over(cls, raw: bytes) -> Reader:
        """Read what is already here."""
        chunks = iter((raw,))
        return cls(lambda: next(chunks, b""))
