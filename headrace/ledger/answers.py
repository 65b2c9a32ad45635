"""Which requests the answers and dead letters in Kafka belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from confluent_kafka import Message
from numpy.typing import NDArray

from headrace.ledger.matching import Offsets
from headrace.topics import schemas_folder
from headrace.wire import framing
from headrace.wire.answer import read_schema
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.block import Block
from headrace.wire.framing import Format

PARTITION_HEADER, OFFSET_HEADER = "source-partition", "source-offset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Partition and offset of the request behind each record; unreadable: how many records did not tell."""

    partition: NDArray[np.int64]
    offset: Offsets
    unreadable: int = 0

    @classmethod
    def join(cls, parts: Sequence["Origins"]) -> "Origins":
        """All of them as one."""
        nothing = np.empty(0, np.int64)
        return cls(
            partition=np.concatenate([nothing, *(part.partition for part in parts)]),
            offset=np.concatenate([nothing, *(part.offset for part in parts)]),
            unreadable=sum(part.unreadable for part in parts),
        )


class _JsonOrigin(msgspec.Struct, gc=False):
    source_partition: int
    source_offset: int


class AnswerOrigins:
    """Reads where answers came from, each answer in its own format."""

    def __init__(self) -> None:
        self._avro = ColumnDecoder(read_schema(schemas_folder() / "avro"))
        self._json = msgspec.json.Decoder(_JsonOrigin)

    def read(self, messages: Sequence[Message]) -> Origins:
        """The origins of some messages of M.predictions."""
        return self.of_values([message.value() or b"" for message in messages])

    def of_values(self, values: Sequence[bytes]) -> Origins:
        """The origins of answers, in no particular order."""
        block = Block.of(values)
        formats, _ = framing.headers(block)
        parts = [self._some(block.pick(rows), form) for form in Format if len(rows := np.flatnonzero(formats == form))]
        return Origins.join(parts)

    def _some(self, block: Block, form: Format) -> Origins:
        if form is Format.JSON:
            return _of_pairs([self._of_json(block.payload(row)) for row in range(len(block))])
        if form is Format.UNKNOWN:
            return _of_pairs([None] * len(block))
        decoded = self._avro.decode_block(block.skip(form.header))
        good = np.ones(len(block), np.bool_)
        good[list(decoded.bad)] = False
        partition, offset = (
            decoded.columns[name].fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)[good]
            for name in ("source_partition", "source_offset")
        )
        return Origins(partition=partition, offset=offset, unreadable=len(decoded.bad))

    def _of_json(self, payload: bytes) -> tuple[int, int] | None:
        try:
            found = self._json.decode(payload)
        except msgspec.DecodeError:
            return None
        return found.source_partition, found.source_offset


def dead_letter_origins(messages: Sequence[Message]) -> Origins:
    """The origins of some messages of M.dead-letters, from their headers."""
    return _of_pairs([_told(message) for message in messages])


def _told(message: Message) -> tuple[int, int] | None:
    told = dict(message.headers() or ())
    try:
        return int(told[PARTITION_HEADER] or b""), int(told[OFFSET_HEADER] or b"")
    except (KeyError, ValueError):
        return None


def _of_pairs(pairs: Sequence[tuple[int, int] | None]) -> Origins:
    told = np.array([pair for pair in pairs if pair is not None], np.int64).reshape(-1, 2)
    return Origins(partition=told[:, 0], offset=told[:, 1], unreadable=len(pairs) - len(told))
