"""One client: hello, then one statement after the other."""

from __future__ import annotations

import contextlib
import hmac
import socket
import uuid
from dataclasses import dataclass, field

from . import packets
from .answering import Answer
from .channel import Channel
from .engine import Engine, EngineConnection
from .errors import AUTHENTICATION_FAILED, NOT_IMPLEMENTED, UNEXPECTED_PACKET, ClientGone, EngineError, Unreadable
from .inserting import run_insert
from .packets import FromClient, FromServer, Hello, Query
from .sessionsettings import SessionSettings
from .statements import quoted, read_insert, without_leading_comments
from .watch import Watch
from .wire import varint


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The one user there is."""

    user: str
    password: str = field(repr=False)

    def check(self, hello: Hello) -> None:
        right = hmac.compare_digest(hello.password.encode("utf-8", "replace"), self.password.encode())
        if hello.user != self.user or not right:
            text = (
                f"{hello.user}: Authentication failed: password is incorrect, "
                "or there is no user with such name. (AUTHENTICATION_FAILED)"
            )
            raise EngineError(AUTHENTICATION_FAILED, text)


class Session:
    """Serves one socket on the thread that calls `run`."""

    def __init__(self, sock: socket.socket, engine: Engine, login: Login) -> None:
        self._channel = Channel(sock)
        self._engine = engine
        self._login = login
        self._mark = f"session {uuid.uuid4().hex}"

    def run(self) -> None:
        """Serve until the client leaves or says something that cannot be read."""
        connection = None
        try:
            hello = self._channel.read_hello()
            self._login.check(hello)
            connection = self._engine.connect()
            self._serve(connection, hello)
        except ClientGone:
            pass
        except EngineError as error:
            self._say_goodbye(error)
        finally:
            if connection:
                connection.close()
            self._channel.socket.close()

    def stop(self) -> None:
        """End the session, from any thread; an insert that has arrived whole is finished first."""
        self._channel.stop()

    def _serve(self, connection: EngineConnection, hello: Hello) -> None:
        settings = SessionSettings(connection, self._engine.setting_names, self._mark)
        if hello.database:
            connection.run(f"USE {quoted(hello.database)}")
        self._channel.send(packets.hello(self._engine.version, self._engine.timezone))
        self._channel.flush()
        while True:
            match self._channel.read_kind():
                case FromClient.QUERY:
                    self._answer(connection, settings, self._channel.read_query())
                case FromClient.PING:
                    self._channel.send(varint(FromServer.PONG))
                    self._channel.flush()
                case FromClient.CANCEL:
                    pass  # of a query that has ended meanwhile
                case other:
                    text = f"Unknown packet {other} from client. (UNEXPECTED_PACKET_FROM_CLIENT)"
                    raise Unreadable(UNEXPECTED_PACKET, text)

    def _answer(self, connection: EngineConnection, settings: SessionSettings, query: Query) -> None:
        tables_sent_along = sum(1 for _ in self._channel.read_blocks())
        try:
            if tables_sent_along:
                raise EngineError(NOT_IMPLEMENTED, "External tables are not supported here. (NOT_IMPLEMENTED)")
            settings.apply(query.settings)
            self._run(connection, without_leading_comments(query.sql))
        except Unreadable:
            raise
        except EngineError as error:
            self._channel.send_exception(error)

    def _run(self, connection: EngineConnection, sql: str) -> None:
        if insert := read_insert(sql):
            run_insert(self._channel, connection, insert)
            return
        with Watch(self._channel.socket, lambda: self._engine.cancel(self._mark)) as watch:
            Answer(self._channel, connection, watch).send(sql)

    def _say_goodbye(self, error: EngineError) -> None:
        with contextlib.suppress(ClientGone):
            self._channel.send_exception(error)
