"""Takes an insert whole, then gives it to the engine: a client that vanishes in the middle leaves nothing behind."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import BinaryIO

from . import packets
from .blocks import Columns, header
from .channel import Channel
from .engine import EngineConnection
from .errors import NO_SUCH_COLUMN, EngineError
from .statements import Insert, describing_table, quoted
from .typenames import shape


def run_insert(channel: Channel, connection: EngineConnection, insert: Insert) -> None:
    """Tell the client the columns, gather its blocks and insert them; raise EngineError if that fails."""
    columns = _columns(connection, insert)
    channel.send_block(header(columns))
    channel.flush()
    with TemporaryFile(dir=connection.folder) as gathered:
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


def _gather(channel: Channel, file: BinaryIO) -> tuple[int, int]:
    rows = size = 0
    for block in channel.read_blocks():
        if block.rows:
            file.write(block.raw)
            rows += block.rows
            size += len(block.raw)
    file.seek(0)
    return rows, size


def _hand_over(connection: EngineConnection, insert: Insert, columns: Columns, file: BinaryIO) -> None:
    """By way of a file: chDB's streaming insert loses the table's errors (it reports rows written that are not there),
    and values inside the statement end at the first empty line. The file has no name, so a killed process leaves none.
    """
    names = ", ".join(quoted(name) for name, _ in columns)
    source = f"FROM INFILE '/dev/fd/{file.fileno()}' COMPRESSION 'none' {insert.settings} FORMAT Native"
    connection.run(f"INSERT INTO {insert.table} ({names}) {source}")
