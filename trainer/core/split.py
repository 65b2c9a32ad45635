"""Splitting a history by time, without look-ahead."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from trainer.core.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Labelled rows in the order of event_time and request_id."""

    training: pa.Table
    evaluation: pa.Table


def split(history: pa.Table, asked: Query) -> Split:
    """What was known at `until` trains; what happened from then on evaluates.

    A row of the past whose label landed later belongs to neither: at `until` nobody could have learned from it. Its
    label time may be any for evaluation, because quality is judged on complete cohorts.
    """
    order = [("event_time", "ascending"), ("request_id", "ascending")]
    labelled = history.filter(pc.field("label").is_valid() & pc.field("label_time").is_valid()).sort_by(order)
    happened, known = pc.field("event_time"), pc.field("label_time")
    until, last = _scalar(asked.until), _scalar(asked.evaluate_until)
    learnable = (happened < until) & (known <= until)
    if asked.since is not None:
        learnable = learnable & (happened >= _scalar(asked.since))
    return Split(
        training=labelled.filter(learnable).combine_chunks(),
        evaluation=labelled.filter((happened >= until) & (happened < last)).combine_chunks(),
    )


def _scalar(value: datetime) -> pc.Expression:
    return pc.scalar(pa.scalar(value, pa.timestamp("us", tz="UTC")))
