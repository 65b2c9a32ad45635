"""A log block: the columns of one micro-batch of one partition, and a header that counts what became of every request.

The bytes are an Arrow IPC stream with the header as JSON in its schema's metadata. Above some size the stream is one
zstd frame; Arrow's own compression makes a frame of each buffer, which took 1.5 times as long for 5,000 rows and 10
times as long for 100. Behind it stands a trailer of the stream's size and a CRC-32: Arrow would not notice a changed
byte.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa

from headrace.wire.errors import EncodingError, LogBlockError

LIMIT = 512_000
# About 50 rows of 20 features. Below it zstd would take more time than all the rest.
COMPRESS_FROM_BYTES = 16_384
# zstd's quick side: beside level 1 half the time to write doubles and a third to read them, for 5 to 12 % more bytes.
LEVEL = -1
FEATURE_PREFIX = "f_"
HEADER_KEY = b"headrace"
BASE = pa.schema(
    [
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("entity", pa.string()),
        pa.field("event_time", pa.timestamp("ms", tz="UTC")),
        pa.field("source_offset", pa.int64(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("decision", pa.bool_()),
        pa.field("scored_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("inclusion_probability", pa.float64(), nullable=False),
    ]
)
_FILLED = tuple(place for place, field in enumerate(BASE) if not field.nullable)
_END = b"\xff\xff\xff\xff\0\0\0\0"
_TRAILER = struct.Struct("<II4sI")
_MARK = b"HRLB"
_PLAIN, _ZSTD = 0, 1

Rejected = tuple[int, str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHeader:
    """What a block accounts for: every request from first_offset to last_offset that was received.

    previous_last_offset is that of the block before (-1 for the first). received = rejected + the sum of versions,
    which counts the rows answered ok by each version; unidentified counts those of the rejected that nobody can be
    told of, so answered = received - unidentified; logged counts the rows of the block, which are fewer where
    predictions are sampled. rejects holds (offset, request_id, reason) of every request that was rejected, request_id
    being None for the unidentified. scored_at is µs since 1970. pinned: parameters that the worker set otherwise than
    the release; blocks of earlier versions do not tell.
    """

    model: str
    source_topic: str
    source_partition: int
    first_offset: int
    last_offset: int
    previous_last_offset: int
    received: int
    answered: int
    rejected: int
    unidentified: int
    logged: int
    versions: dict[str, int]
    release: str
    worker: str
    scored_at: int
    rejects: tuple[Rejected, ...]
    pinned: dict[str, float] = field(default_factory=dict)


_encode_header = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(LogHeader).decode


def log_schema(features: Mapping[str, pa.DataType]) -> pa.Schema:
    """The columns of a model's log blocks; made once, for it takes longer than filling a small block."""
    return pa.schema([*BASE, *(pa.field(FEATURE_PREFIX + name, kind) for name, kind in features.items())])


def log_rows(schema: pa.Schema, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """The rows that the blocks of one micro-batch hold parts of; columns are those of the schema, by name."""
    if missing := [name for name in schema.names if name not in columns]:
        raise EncodingError(f"a log block needs the column {missing[0]}")
    if len(columns) != len(schema):
        raise EncodingError(f"not columns of a log block: {', '.join(sorted(set(columns) - set(schema.names)))}")
    return pa.RecordBatch.from_arrays([_column(columns[field.name], field) for field in schema], schema=schema)


def encode_block(header: LogHeader, rows: pa.RecordBatch) -> bytes:
    """The bytes of one block; rows are log_rows, or some of them."""
    for place in _FILLED:
        if nulls := rows.column(place).null_count:
            raise EncodingError(f"the column {BASE.names[place]} of a log block has {nulls} nulls")
    told = rows.replace_schema_metadata({HEADER_KEY: _encode_header(header)})
    return _seal(b"".join((told.schema.serialize(), told.serialize(), _END)))


def _seal(stream: bytes) -> bytes:
    size = len(stream)
    if size < COMPRESS_FROM_BYTES:
        kind, body = _PLAIN, memoryview(stream)
    else:
        kind, body = _ZSTD, memoryview(pa.Codec("zstd", compression_level=LEVEL).compress(stream))
    return b"".join((body, _TRAILER.pack(size, kind, _MARK, _checksum(body, size, kind))))


def _checksum(body: memoryview, size: int, kind: int) -> int:
    return zlib.crc32(_TRAILER.pack(size, kind, _MARK, 0), zlib.crc32(body))


def decode_block(data: bytes) -> tuple[LogHeader, pa.Table]:
    """Header and rows of a block; raises LogBlockError for anything that is not a whole one."""
    size, kind, mark, checksum = _TRAILER.unpack(data[-_TRAILER.size :].rjust(_TRAILER.size, b"\0"))
    if mark != _MARK:
        raise LogBlockError(f"{len(data)} bytes do not end as a log block does: cut short, or something else is here")
    body = memoryview(data)[: -_TRAILER.size]
    if _checksum(body, size, kind) != checksum:
        raise LogBlockError(f"a log block of {len(data)} bytes was changed on its way: its checksum differs")
    try:
        stream = pa.Codec("zstd").decompress(body, size) if kind == _ZSTD else pa.py_buffer(body)
        table = pa.ipc.open_stream(stream).read_all()
        header = _decode_header((table.schema.metadata or {})[HEADER_KEY])
    except (pa.ArrowException, msgspec.MsgspecError, KeyError, OSError) as error:
        raise LogBlockError(f"a log block that this version cannot read: {error}") from error
    return header, table.replace_schema_metadata(None)


def _column(array: pa.Array, field: pa.Field) -> pa.Array:
    try:
        return array if array.type == field.type else array.cast(field.type)
    except pa.ArrowException as error:
        raise EncodingError(f"the column {field.name} of a log block must be {field.type}: {error}") from error
