"""N messages side by side in one buffer, with where each begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What may be read behind the last message without asking: a number, and the runs of numbers between two checks of the
# position (see Cursor).
PAD = 4096
_PADDING = bytes(PAD)

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The bytes of N messages: message i is data[starts[i]:ends[i]]; starts never decrease."""

    data: bytes
    buffer: Bytes
    starts: Places
    ends: Places

    @classmethod
    def of(cls, payloads: Sequence[bytes]) -> "Block":
        """Lay payloads side by side, with padding behind the last."""
        data = b"".join((*payloads, _PADDING))
        ends = np.cumsum(np.fromiter(map(len, payloads), np.int64, len(payloads)))
        starts = np.zeros_like(ends)
        starts[1:] = ends[:-1]
        return cls(data=data, buffer=np.frombuffer(data, np.uint8), starts=starts, ends=ends)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Places:
        """Bytes of each message."""
        return self.ends - self.starts

    def pick(self, rows: NDArray[Any]) -> "Block":
        """Some of the messages, in ascending order; the bytes are shared."""
        return Block(data=self.data, buffer=self.buffer, starts=self.starts[rows], ends=self.ends[rows])

    def emptied(self, rows: NDArray[Any]) -> "Block":
        """The same messages, some of them without a byte."""
        ends = self.ends.copy()
        ends[rows] = self.starts[rows]
        return Block(data=self.data, buffer=self.buffer, starts=self.starts, ends=ends)

    def skip(self, count: int) -> "Block":
        """The same messages without their first bytes; one that is shorter ends before it starts."""
        return Block(data=self.data, buffer=self.buffer, starts=self.starts + count, ends=self.ends)

    def payloads(self) -> list[bytes]:
        """The bytes of every message."""
        data = self.data
        return [data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]

    def payload(self, row: int) -> bytes:
        """The bytes of one message."""
        return self.data[int(self.starts[row]) : int(self.ends[row])]


def runs(buffer: Bytes, width: int) -> NDArray[np.void]:
    """Every run of `width` bytes of a buffer, by where it starts; indexing it gathers unaligned values."""
    return np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer=buffer, strides=(1,))
