"""The connection to one client as packets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

from . import packets
from .blocks import Block, read_block, skip_block_info
from .errors import QUERY_CANCELLED, UNEXPECTED_PACKET, ClientGone, EngineError, Unreadable
from .frames import read_frame
from .packets import FromClient, FromServer, Hello, Query
from .wire import Reader, varint

RECEIVE: Final = 1 << 20
HOLD_BACK: Final = 1 << 16


class Channel:
    """Reads packets as they are asked for; holds small writes back until `flush`."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self._reader = Reader(self._receive)
        self._compressed_reader = Reader(lambda: read_frame(self._reader))
        self._compressed = False
        self._held: list[bytes] = []
        self._held_size = 0

    def read_hello(self) -> Hello:
        return packets.read_hello(self._reader)

    def read_kind(self) -> int:
        self._reader.forget()
        return self._reader.varint()

    def read_query(self) -> Query:
        query = packets.read_query(self._reader)
        self._compressed = query.compressed
        return query

    def read_blocks(self) -> Iterator[Block]:
        """Yield blocks until the empty one that ends a query's data."""
        while (block := self._read_block()).columns:
            yield block

    def _read_block(self) -> Block:
        kind = self.read_kind()
        if kind == FromClient.CANCEL:
            raise EngineError(QUERY_CANCELLED, "Query was cancelled. (QUERY_WAS_CANCELLED)")
        if kind != FromClient.DATA:
            text = f"Unexpected packet {kind} received from client. (UNEXPECTED_PACKET_FROM_CLIENT)"
            raise Unreadable(UNEXPECTED_PACKET, text)
        self._reader.text()  # name of a table, empty for the data of an insert
        source = self._compressed_reader if self._compressed else self._reader
        source.forget()
        try:
            skip_block_info(source)
            return read_block(source)
        except EngineError as error:
            raise Unreadable(error.code, error.text) from error

    def send_block(self, block: Block) -> None:
        for part in packets.data(block, compressed=self._compressed):
            self.send(part)

    def send_end(self, *last: bytes) -> None:
        """End the answer to a query."""
        self.send(b"".join(last) + varint(FromServer.END_OF_STREAM))
        self.flush()

    def send_exception(self, error: EngineError) -> None:
        self.send(packets.exception(error))
        self.flush()

    def send(self, part: bytes) -> None:
        self._held.append(part)
        self._held_size += len(part)
        if self._held_size > HOLD_BACK:
            self.flush()

    def flush(self) -> None:
        parts, self._held, self._held_size = self._held, [], 0
        try:
            self.socket.sendall(b"".join(parts))
        except OSError as error:
            raise ClientGone from error

    def stop(self) -> None:
        """Make every read and write of this channel end, from any thread."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was first

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(RECEIVE)
        except OSError as error:
            raise ClientGone from error
