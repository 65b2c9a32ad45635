"""A digest of the rows that a model was trained on."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def fingerprint(rows: pa.Table) -> str:
    """sha256 over the rows, the same on every machine and for every chunking; rows and columns count in their order.

    Each column gives its name and Arrow type, a byte a row for present or null, and its values: text as lengths and
    UTF-8, all else as little-endian numbers, with 0 in place of null.
    """
    digest = hashlib.sha256(f"{rows.num_rows}\n".encode())
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        digest.update(f"{name}\0{column.type}\n".encode())
        digest.update(pc.is_valid(column).cast(pa.uint8()).to_numpy().tobytes())
        for part in _values(column):
            digest.update(part)
    return digest.hexdigest()


def _values(column: pa.Array) -> list[bytes]:
    if pa.types.is_string(column.type):
        texts = column.fill_null("")
        return [_numbers(pc.binary_length(texts)), "".join(texts.to_pylist()).encode()]
    return [_numbers(column)]


def _numbers(column: pa.Array) -> bytes:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    elif pa.types.is_temporal(column.type):
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    values = column.fill_null(0).to_numpy()
    little: bytes = values.astype(np.dtype(values.dtype).newbyteorder("<"), copy=False).tobytes()
    return little
