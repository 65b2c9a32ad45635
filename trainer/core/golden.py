"""The rows whose scores a bundle must reproduce exactly before it may serve."""

import numpy as np
import pyarrow as pa

from headrace.features import FeatureSet

SPREAD = 48
ALTERED = 8
UNSEEN = "a value that training never saw"


def golden_rows(features: FeatureSet, rows: pa.Table) -> pa.Table:
    """Inputs spread evenly over the rows, then some with all null that may be, then some with unseen categories."""
    inputs = rows.select(list(features.names))
    spread = inputs.take(_evenly(rows.num_rows, SPREAD))
    some = inputs.take(_evenly(rows.num_rows, ALTERED))
    return pa.concat_tables([spread, _without_values(features, some), _unseen(features, some)]).combine_chunks()


def _evenly(rows: int, wanted: int) -> pa.Array:
    return pa.array(np.unique(np.linspace(0, rows - 1, min(rows, wanted)).astype(np.int64)))


def _without_values(features: FeatureSet, rows: pa.Table) -> pa.Table:
    for position, feature in enumerate(features.features):
        if feature.nullable:
            field = rows.schema.field(position)
            rows = rows.set_column(position, field, pa.nulls(rows.num_rows, field.type))
    return rows


def _unseen(features: FeatureSet, rows: pa.Table) -> pa.Table:
    # Not the enums: a symbol outside of the schema never reaches a model.
    for position, feature in enumerate(features.features):
        if feature.kind == "string":
            values = pa.array([UNSEEN] * rows.num_rows, pa.string())
            rows = rows.set_column(position, rows.schema.field(position), values)
    return rows
