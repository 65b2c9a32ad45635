"""A request's input back from ClickHouse as the very columns that were scored.

Times are asked for as numbers: a driver's datetime would have to guess zones and units, and the last bit decides.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from headrace.features import Feature, FeatureSet
from headrace.wire.avro_schema import leaves, parse_record

TICKS = {
    "date": "toInt64(dateDiff('day', toDate32('1970-01-01'), `{name}`))",
    "timestamp-millis": "toUnixTimestamp64Milli(`{name}`)",
    "timestamp-micros": "toUnixTimestamp64Micro(`{name}`)",
}
TICK = {"timestamp-millis": timedelta(milliseconds=1), "timestamp-micros": timedelta(microseconds=1)}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def described_feature(name: str, comment: str) -> Feature:
    """A feature out of its column's comment, as `headrace apply` wrote it."""
    told = json.loads(comment)
    symbols = tuple(told.pop("symbols", ()))
    return Feature(name=name, symbols=symbols, **told)


def selected(feature: Feature) -> str:
    """The expression that gives a feature's value without loss."""
    return TICKS.get(feature.logical or "", "`{name}`").format(name=feature.name)


def columns(features: FeatureSet, values: Mapping[str, Any]) -> dict[str, pa.Array]:
    """One row of inputs, of the types that the scorer's reader makes of a request."""
    made = {}
    for leaf in leaves(parse_record(features.schema)):
        array = pa.array([values[leaf.path]], leaf.node.physical)
        made[leaf.path] = array if leaf.node.arrow == leaf.node.physical else array.view(leaf.node.arrow)
    return made


def readable(feature: Feature, value: Any) -> Any:
    """A value as a client would write it in JSON: times as ISO-8601 text."""
    if value is None or feature.logical is None:
        return value
    if feature.logical == "date":
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    return (EPOCH + value * TICK[feature.logical]).isoformat().replace("+00:00", "Z")
