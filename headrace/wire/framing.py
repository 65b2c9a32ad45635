"""What stands before a message's body, and which format it names.

C3 01 + 8 bytes   Avro single-object encoding: the writer schema's CRC-64-AVRO fingerprint, little-endian
00 + 4 bytes      Confluent framing: the writer schema's number in a schema registry, big-endian
{                 JSON
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import fastavro.schema
import numpy as np
from numpy.typing import NDArray

from headrace.wire.block import Block, runs

AVRO_MARK = b"\xc3\x01"
CONFLUENT_MARK = b"\x00"
LONGEST_HEADER = 10


class Format(IntEnum):
    """How a message is written; an answer is written as its request was."""

    UNKNOWN = 0
    AVRO = 1
    CONFLUENT = 2
    JSON = 3

    @property
    def header(self) -> int:
        """Bytes of framing before the body."""
        return {Format.AVRO: LONGEST_HEADER, Format.CONFLUENT: 5}.get(self, 0)


def fingerprint(schema: Mapping[str, Any]) -> bytes:
    """The 8 bytes that name a schema; schemas that differ only in defaults, aliases and docs share them."""
    # A copy by way of JSON: fastavro keeps a registry inside the schemas it has seen.
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(json.dumps(schema)))
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def single_object(mark: bytes) -> bytes:
    """The header of Avro single-object encoding for a fingerprint."""
    return AVRO_MARK + mark


def confluent(number: int) -> bytes:
    """The header of Confluent framing for a schema number."""
    return CONFLUENT_MARK + number.to_bytes(4, "big")


def headers(block: Block) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The format of each message, and a [rows, 10] matrix of its framing: equal rows, one way to read them."""
    front = runs(block.buffer, LONGEST_HEADER)[block.starts].view(np.uint8).reshape(len(block), LONGEST_HEADER)
    size, first = block.lengths, front[:, 0]
    formats = np.zeros(len(block), np.uint8)
    formats[(first == AVRO_MARK[0]) & (front[:, 1] == AVRO_MARK[1]) & (size >= LONGEST_HEADER)] = Format.AVRO
    if formats.all():
        return formats, front
    formats[(first == CONFLUENT_MARK[0]) & (size >= Format.CONFLUENT.header)] = Format.CONFLUENT
    formats[(first == ord("{")) & (size > 0)] = Format.JSON
    front[formats == Format.CONFLUENT, Format.CONFLUENT.header :] = 0
    front[formats == Format.JSON] = np.frombuffer(b"{".ljust(LONGEST_HEADER, b"\0"), np.uint8)
    front[formats == Format.UNKNOWN] = 0xFF
    return formats, front


def schema_ids(front: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The schema number in each row of Confluent framing."""
    return np.ascontiguousarray(front[:, 1:5]).view(">u4").ravel().astype(np.int64)
