"""Runs a statement and sends what it gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import packets
from .blocks import Columns, column_names, header, split_blocks, with_types
from .channel import Channel
from .engine import EngineConnection
from .errors import EngineError
from .statements import describing, is_select, without_format
from .watch import Watch


@dataclass(slots=True)
class Tally:
    """What one answer came to."""

    rows: int = 0
    blocks: int = 0
    size: int = 0
    read_rows: int = 0
    read_bytes: int = 0


class Answer:
    """The answer to one statement, sent block by block while the engine makes it."""

    def __init__(self, channel: Channel, connection: EngineConnection, watch: Watch) -> None:
        self._channel = channel
        self._connection = connection
        self._watch = watch
        self._tally = Tally()

    def send(self, sql: str) -> None:
        """Send everything up to the end of the stream; raise EngineError if the statement fails."""
        try:
            self._send_blocks(without_format(sql))
        except EngineError:
            if not self._watch.ended:
                raise
        tally = self._tally
        self._channel.send_end(
            packets.profile_info(rows=tally.rows, blocks=tally.blocks, size=tally.size),
            packets.progress(read_rows=tally.read_rows, read_bytes=tally.read_bytes),
        )

    def _send_blocks(self, sql: str) -> None:
        if not is_select(sql):
            self._send_chunks([self._connection.run(sql, "Native")], [])
            return
        # First, since on this connection it would end a stream that is being read.
        columns = self._describe(sql)
        self._send_chunks(self._connection.stream(sql), columns)
        if not self._tally.blocks:
            self._channel.send_block(header(columns))

    def _describe(self, sql: str) -> Columns:
        try:
            return [(row[0], row[1]) for row in self._connection.rows(describing(sql))]
        except EngineError:
            return []  # the query itself will say what is wrong, at the right position

    def _send_chunks(self, chunks: Iterable[Any], columns: Columns) -> None:
        for chunk in chunks:
            if self._watch.ended:
                return
            self._tally.read_rows += chunk.storage_rows_read()
            self._tally.read_bytes += chunk.storage_bytes_read()
            if raw := chunk.bytes():
                columns = columns or column_names(raw)
                self._send_chunk(raw, chunk.rows_read(), columns)

    def _send_chunk(self, raw: bytes, rows: int, columns: Columns) -> None:
        for block in split_blocks(raw, rows):
            if not self._tally.blocks:
                self._channel.send_block(header(columns))
            self._channel.send_block(with_types(block, columns))
            self._tally.rows += block.rows
            self._tally.blocks += 1
        self._tally.size += len(raw)
