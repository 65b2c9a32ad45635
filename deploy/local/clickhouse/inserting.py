"""Takes an insert whole, then gives it to the engine: a client that vanishes in the middle leaves nothing behind."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile

from . import packets
from .blocks import Columns, header
from .channel import Channel
from .engine import EngineConnection
from .errors import NO_SUCH_COLUMN, NOT_ENOUGH_SPACE, EngineError
from .statements import Insert, describing_table, quoted
from .typenames import shape


def run_insert(channel: Channel, connection: EngineConnection, insert: Insert) -> None:
    """Tell the client the columns, gather its blocks and insert them; raise EngineError if that fails."""
    columns = _columns(connection, insert)
    with _file(connection.folder) as gathered:
        channel.send_block(header(columns))
        channel.flush()
        rows, size = _gather(channel, gathered)
        if rows:
            _hand_over(connection, insert, columns, gathered)
    channel.send_end(packets.progress(written_rows=rows, written_bytes=size))


def _columns(connection: EngineConnection, insert: Insert) -> Columns:
    table = [(row[0], row[1], row[2]) for row in connection.rows(describing_table(insert.table))]
    kinds = {name: kind for name, kind, _ in table}
    names = insert.columns or tuple(name for name, _, default in table if default in ("", "DEFAULT"))
    for name in names:
        if name not in kinds:
            text = f"No such column {name} in table {insert.table}. (NO_SUCH_COLUMN_IN_TABLE)"
            raise EngineError(NO_SUCH_COLUMN, text)
        shape(kinds[name])  # refuses what could not be read, before the client sends it
    return [(name, kinds[name]) for name in names]


def _file(folder: Path) -> FileIO:
    """A file without a name; before the client is told to send, so that it can be told that there is none."""
    try:
        return TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise _not_kept(error) from None


def _gather(channel: Channel, file: FileIO) -> tuple[int, int]:
    """Read the insert to its end, even when it cannot be kept: the client listens only then."""
    rows = size = 0
    fault: OSError | None = None
    for block in channel.read_blocks():
        if block.rows and fault is None:
            fault = _write(file, block.raw)
            rows += block.rows
            size += len(block.raw)
    if fault:
        raise _not_kept(fault)
    file.seek(0)
    return rows, size


def _write(file: FileIO, raw: bytes) -> OSError | None:
    left = memoryview(raw)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        return error
    return None


def _not_kept(error: OSError) -> EngineError:
    text = f"Cannot keep the rows of an insert: {error.strerror}. (NOT_ENOUGH_SPACE)"
    return EngineError(NOT_ENOUGH_SPACE, text)


def _hand_over(connection: EngineConnection, insert: Insert, columns: Columns, file: FileIO) -> None:
    """By way of a file: chDB's streaming insert loses the table's errors (it reports rows written that are not there),
    and values inside the statement end at the first empty line. The file has no name, so a killed process leaves none.
    """
    names = ", ".join(quoted(name) for name, _ in columns)
    source = f"FROM INFILE '/dev/fd/{file.fileno()}' COMPRESSION 'none' {insert.settings} FORMAT Native"
    connection.run(f"INSERT INTO {insert.table} ({names}) {source}")
