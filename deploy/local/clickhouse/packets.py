"""The packets of revision 54453, the newest whose blocks carry no serialization kind in front of every column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .blocks import BLOCK_INFO, Block
from .errors import NOT_IMPLEMENTED, UNEXPECTED_PACKET, EngineError
from .frames import frames
from .wire import INT32, Reader, string, varint

REVISION: Final = 54453


class FromClient:
    """Kinds of packets that a client sends."""

    HELLO: Final = 0
    QUERY: Final = 1
    DATA: Final = 2
    CANCEL: Final = 3
    PING: Final = 4


class FromServer:
    """Kinds of packets that the server sends."""

    HELLO: Final = 0
    DATA: Final = 1
    EXCEPTION: Final = 2
    PROGRESS: Final = 3
    PONG: Final = 4
    END_OF_STREAM: Final = 5
    PROFILE_INFO: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who the client says it is."""

    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of one query; an unknown one is an error only when it is important."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query with its settings; `compressed` holds for the blocks both ways."""

    sql: str
    settings: tuple[Setting, ...]
    compressed: bool


def read_hello(reader: Reader) -> Hello:
    if reader.varint() != FromClient.HELLO:
        raise EngineError(UNEXPECTED_PACKET, "Expected the packet Hello. (UNEXPECTED_PACKET_FROM_CLIENT)")
    reader.text()
    reader.varint(), reader.varint()
    revision = reader.varint()
    if revision < REVISION:
        raise EngineError(
            NOT_IMPLEMENTED, f"Clients older than protocol revision {REVISION} are not served. (NOT_IMPLEMENTED)"
        )
    return Hello(database=reader.text(), user=reader.text(), password=reader.text())


def read_query(reader: Reader) -> Query:
    reader.text()  # query id
    if reader.byte():
        _skip_client_info(reader)
    settings = tuple(_settings(reader))
    reader.text()  # secret between servers
    reader.varint()  # stage
    compressed = bool(reader.varint())
    return Query(sql=reader.text(), settings=settings, compressed=compressed)


def _settings(reader: Reader) -> list[Setting]:
    settings = []
    while name := reader.text():
        important = bool(reader.byte() & 1)
        settings.append(Setting(name=name, value=reader.text(), important=important))
    return settings


def _skip_client_info(reader: Reader) -> None:
    for _ in range(3):
        reader.text()  # initial user, query id, address
    reader.skip(8 + 1)  # start time, interface
    for _ in range(3):
        reader.text()  # operating system's user, host, name of the client
    for _ in range(3):
        reader.varint()  # its version and revision
    reader.text()  # quota key
    reader.varint(), reader.varint()  # depth, patch of the version
    if reader.byte():
        reader.skip(16 + 8)  # trace and span
        reader.text()
        reader.skip(1)
    for _ in range(3):
        reader.varint()  # parallel replicas


def hello(version: str, timezone: str) -> bytes:
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    numbers = varint(major) + varint(minor) + varint(REVISION)
    return varint(FromServer.HELLO) + string("ClickHouse") + numbers + string(timezone) + string("chDB") + varint(patch)


def data(block: Block, *, compressed: bool) -> list[bytes]:
    raw = BLOCK_INFO + block.raw
    return [varint(FromServer.DATA) + string(""), *(frames(raw) if compressed else (raw,))]


def exception(error: EngineError) -> bytes:
    parts = (string("DB::Exception"), string(_utf8(f"DB::Exception: {error.text}")), string(""), b"\0")
    return varint(FromServer.EXCEPTION) + INT32.pack(error.code) + b"".join(parts)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def progress(*, read_rows: int = 0, read_bytes: int = 0, written_rows: int = 0, written_bytes: int = 0) -> bytes:
    counts = (FromServer.PROGRESS, read_rows, read_bytes, 0, written_rows, written_bytes)  # 0: the total is not known
    return b"".join(varint(count) for count in counts)


def profile_info(*, rows: int, blocks: int, size: int) -> bytes:
    counts = (FromServer.PROFILE_INFO, rows, blocks, size, 0, rows, 0)  # no limit was applied
    return b"".join(varint(count) for count in counts)
