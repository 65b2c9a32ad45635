"""A TCP proxy before ClickHouse that can refuse connections and can lose the answer to an insert."""

import socket
import threading
from contextlib import suppress

END_OF_STREAM = b"\x05"


class Proxy:
    """Listens on a port of its own and passes bytes on. Faults are switched on by the test's thread."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener: socket.socket | None = None
        self.port = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._armed: bytes | None = None
        self.cuts = 0
        self.accept()

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect."""
        return "127.0.0.1", self.port

    def accept(self) -> None:
        """Take connections (again), always on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Drop all connections and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()

    def lose_answer_to(self, statement: str) -> None:
        """Of the next such insert: let the server execute it, and cut the connection instead of saying so."""
        self._armed = statement.encode()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._pairs.append((client, server))
            link = _Link(self, client, server)
            threading.Thread(target=link.upwards, daemon=True).start()
            threading.Thread(target=link.downwards, daemon=True).start()

    def take_armed(self, seen: bytes) -> bool:
        """Whether these bytes of a client are the statement whose answer is to be lost."""
        if self._armed is None or self._armed not in seen:
            return False
        self._armed = None
        return True


class _Link:
    """One connection. The server's first reply to an insert is the table's structure, the second that it is done."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._stage = ""

    def upwards(self) -> None:
        while data := _receive(self._client):
            if self._proxy.take_armed(data):
                self._stage = "asked"
            elif self._stage == "described":
                self._stage = "sent"
            with suppress(OSError):
                self._server.sendall(data)
        _close(self._client, self._server)

    def downwards(self) -> None:
        while data := _receive(self._server):
            if self._stage == "sent":
                if data.endswith(END_OF_STREAM):
                    self._proxy.cuts += 1
                    break
                continue
            if self._stage == "asked":
                self._stage = "described"
            with suppress(OSError):
                self._client.sendall(data)
        _close(self._client, self._server)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except OSError:
        return b""


def _close(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
