"""Accepts clients and gives each a thread and a session."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import Final

from .engine import Engine
from .errors import FrontError, PortInUse
from .session import Login, Session

PATIENCE: Final = 2.0  # seconds for all sessions together to end


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise FrontError(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from error


class Server:
    """All sessions of one engine."""

    def __init__(self, listener: socket.socket, engine: Engine, login: Login) -> None:
        self._listener = listener
        self._engine = engine
        self._login = login
        self._sessions: dict[threading.Thread, Session] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def stop(self) -> bool:
        """Stop accepting and end every session; tell whether all of them ended in time."""
        self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            sessions = dict(self._sessions)
        for session in sessions.values():
            session.stop()
        until = time.monotonic() + PATIENCE
        for thread in sessions:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in sessions)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            session = Session(sock, self._engine, self._login)
            thread = threading.Thread(target=self._serve, args=(session,), name="session", daemon=True)
            with self._lock:
                self._sessions[thread] = session
            thread.start()

    def _serve(self, session: Session) -> None:
        try:
            session.run()
        finally:
            with self._lock:
                del self._sessions[threading.current_thread()]
