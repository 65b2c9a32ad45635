"""The columns of a scored row."""

from collections.abc import Mapping

import pyarrow as pa

from headrace.batch.formats.piece import Columns
from headrace.features import FeatureSet
from headrace.wire.avro_schema import leaves, parse_record

SCORE, DECISION = "score", "decision"


def scored_schema(columns: Columns, features: FeatureSet, mapped: Mapping[str, str], *, decided: bool) -> pa.Schema:
    """The input's columns and the scores; an input of text gets features in the model's types.

    A column of the input that is called like one of ours gives way.
    """
    types = {field.name: field.type for field in columns.schema if field.name not in (SCORE, DECISION)}
    if not columns.typed:
        types |= {mapped[leaf.path]: leaf.node.arrow for leaf in leaves(parse_record(features.schema))}
    own = {SCORE: pa.float64(), **({DECISION: pa.bool_()} if decided else {})}
    return pa.schema(list((types | own).items()))
