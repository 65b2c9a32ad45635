"""Log blocks as a scorer writes them, out of requests."""

import numpy as np
import pyarrow as pa

from headrace import topics
from headrace.wire.logblock import FEATURE_PREFIX, LogHeader, log_rows, log_schema
from headrace.wire.request import Requests

NOW_US = 1_800_000_000_000_000
RELEASE = "0" * 64


def log_block(
    read: Requests, model: str, *, partition: int = 0, first: int = 0, scored_at: int = NOW_US
) -> tuple[LogHeader, pa.RecordBatch]:
    """The block of requests that stood at consecutive offsets and were all answered."""
    rows = read.n
    columns = {
        "request_id": read.request_id,
        "entity": read.entity,
        "event_time": read.event_time,
        "source_offset": pa.array(np.arange(first, first + rows)),
        "version": pa.repeat("v1", rows),
        "variant": pa.repeat("champion", rows),
        "score": pa.array(np.linspace(0.01, 0.99, rows)),
        "decision": pa.array(np.ones(rows, np.bool_)),
        "scored_at": pa.array(np.full(rows, scored_at), pa.timestamp("us", tz="UTC")),
        "inclusion_probability": pa.repeat(1.0, rows),
    }
    header = LogHeader(
        model=model,
        source_topic=topics.requests(model),
        source_partition=partition,
        first_offset=first,
        last_offset=first + rows - 1,
        previous_last_offset=first - 1,
        received=rows,
        answered=rows,
        rejected=0,
        unidentified=0,
        logged=rows,
        versions={"v1": rows},
        release=RELEASE,
        worker="bench",
        scored_at=scored_at,
        rejects=(),
    )
    features = {FEATURE_PREFIX + name: array for name, array in read.features.items()}
    schema = log_schema({name: array.type for name, array in read.features.items()})
    return header, log_rows(schema, columns | features)
