"""Compressed frames, in which blocks travel: a checksum (CityHash 1.0.2), a method, two sizes and the body."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import lz4.block
from clickhouse_cityhash.cityhash import CityHash128

from .errors import BAD_CHECKSUM, NOT_IMPLEMENTED, EngineError
from .wire import Reader

LZ4: Final = 0x82
STORED: Final = 0x02
FRAME_BYTES: Final = 1 << 20
HEAD: Final = struct.Struct("<BII")
HEAD_LIMIT: Final = 1 << 30


def read_frame(reader: Reader) -> bytes:
    """Read one frame and return what was in it."""
    checksum, head = reader.take(16), reader.take(HEAD.size)
    method, size, raw_size = HEAD.unpack(head)
    if not HEAD.size <= size < HEAD_LIMIT or raw_size > HEAD_LIMIT:
        raise EngineError(BAD_CHECKSUM, "Compressed block is larger than 1 GiB. (CHECKSUM_DOESNT_MATCH)")
    body = reader.take(size - HEAD.size)
    if _checksum(head + body) != checksum:
        raise EngineError(BAD_CHECKSUM, "Checksum doesn't match: corrupted data. (CHECKSUM_DOESNT_MATCH)")
    if method == LZ4:
        return bytes(lz4.block.decompress(body, uncompressed_size=raw_size))
    if method == STORED:
        return body
    raise EngineError(NOT_IMPLEMENTED, "Blocks may be compressed with LZ4 only. (NOT_IMPLEMENTED)")


def frames(raw: bytes) -> Iterator[bytes]:
    """Cut bytes into LZ4 frames."""
    for start in range(0, len(raw), FRAME_BYTES):
        piece = raw[start : start + FRAME_BYTES]
        body = lz4.block.compress(piece, store_size=False)
        frame = HEAD.pack(LZ4, len(body) + HEAD.size, len(piece)) + body
        yield _checksum(frame) + frame


def _checksum(raw: bytes) -> bytes:
    value = CityHash128(raw)
    return struct.pack("<QQ", value >> 64, value & (1 << 64) - 1)
