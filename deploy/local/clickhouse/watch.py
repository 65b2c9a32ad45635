"""Looks after the client while the engine works for it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from .errors import EngineError
from .packets import FromClient

LOOK_EVERY: Final = 0.05  # seconds


class Watch:
    """While it is entered, a client that cancels or leaves ends the running query; then `ended` is true."""

    def __init__(self, sock: socket.socket, cancel: Callable[[], None]) -> None:
        self._socket = sock
        self._cancel = cancel
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self.ended = False

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()  # else a late cancel could hit the session's next query

    def _look(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while not self._done.wait(LOOK_EVERY):
            if self.ended or (poll.poll(0) and self._client_ends()):
                self.ended = True
                # Again and again: between two calls of the engine there is nothing to cancel.
                with contextlib.suppress(EngineError):
                    self._cancel()

    def _client_ends(self) -> bool:
        try:
            return self._socket.recv(1, socket.MSG_PEEK) in (b"", bytes([FromClient.CANCEL]))
        except OSError:
            return True
