"""The table that train.py's history() gives, checked and brought to the types of features.avsc."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.features import Feature
from headrace.modelfolder import ModelFolder
from headrace.wire.avro_schema import leaves, parse_record
from trainer.errors import HistoryError

INSTANT = pa.timestamp("us", tz="UTC")
OWN = ("request_id", "event_time", "entity", "label", "label_time")


def checked(raw: Any, folder: ModelFolder) -> pa.Table:
    """request_id, event_time, entity, label, label_time and the features, in the types that serving decodes to.

    Other columns are dropped. Raises HistoryError that lists every fault at once.
    """
    if not isinstance(raw, pa.Table):
        raise HistoryError(f"history() in {folder.train_py} gave a {type(raw).__name__}; it must give a pyarrow Table")
    wanted = _wanted(folder)
    columns: dict[str, pa.ChunkedArray] = {}
    faults = [f"a feature cannot be called {name}" for name in OWN if name in folder.features.names]
    for name, kind in wanted.items():
        try:
            columns[name] = _column(raw, name, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            faults.append(f"{name} is {raw.schema.field(name).type} and cannot be read as {kind}: {error}")
        except KeyError:
            faults.append(f"{name} is missing")
    faults += [fault for f in folder.features.features if f.name in columns for fault in _faults(f, columns[f.name])]
    never_null = [name for name in ("request_id", "event_time") if name in columns]
    faults += [f"{name} has nulls" for name in never_null if columns[name].null_count]
    if faults:
        raise HistoryError(f"history() in {folder.train_py} cannot be trained on: {'; '.join(faults)}")
    return pa.table(columns)


def _wanted(folder: ModelFolder) -> dict[str, pa.DataType]:
    label = pa.float64() if folder.task == "regression" else pa.bool_()
    own = dict(zip(OWN, (pa.string(), INSTANT, pa.string(), label, INSTANT), strict=True))
    return own | {leaf.path: leaf.node.arrow for leaf in leaves(parse_record(folder.features.schema))}


def _column(raw: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    if name == "entity" and name not in raw.column_names:
        return pa.chunked_array([pa.nulls(raw.num_rows, kind)])
    column = raw[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(column.type) and column.type.tz is None:
        raise pa.ArrowInvalid("it has no zone; give UTC")
    return column.cast(kind)


def _faults(feature: Feature, column: pa.ChunkedArray) -> list[str]:
    faults = []
    if column.null_count and not feature.nullable:
        faults.append(f"{feature.name} has {column.null_count} nulls and is not nullable in features.avsc")
    if pa.types.is_floating(column.type):
        strange = int((~np.isfinite(column.drop_null().to_numpy())).sum())
        if strange:
            faults.append(f"{feature.name} has {strange} NaN or infinite values; what is missing is null")
    if feature.symbols:
        known = pa.array(feature.symbols)
        strangers = pc.unique(column.filter(pc.invert(pc.is_in(column, value_set=known))).drop_null()).to_pylist()
        if strangers:
            faults.append(f"{feature.name} has values that are no symbols of its enum: {strangers[:5]}")
    return faults
