"""What a batch of requests is answered with. Pure: it knows neither Faust nor Kafka."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.release import route
from headrace.wire.request import Requests
from streams.score.serving import ServedVariant, Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """For each request of a batch: scored or not, by which variant, with which score and decision.

    decision is None where the model has no threshold; reasons says of each row that is not ok why.
    """

    ok: NDArray[np.bool_]
    scores: NDArray[np.float64]
    reasons: Mapping[int, str]
    variant: NDArray[np.intp]
    decision: NDArray[np.bool_] | None


def handle(requests: Requests, serving: Serving, refused: Mapping[int, str]) -> Decisions:
    """Score what can be scored; a row that cannot be never harms its neighbours.

    refused: rows that turned out to be undeliverable before, with the reason.
    """
    reasons = {row: reject.reason for row, reject in requests.rejects.items()} | dict(refused)
    variant = assign(requests, serving)
    scores = np.full(requests.n, np.nan)
    for index, served in enumerate(serving.variants):
        reasons |= _score(requests, served, _rows(variant, index, reasons), scores)
    ok = np.ones(requests.n, np.bool_)
    ok[list(reasons)] = False
    decision = None if serving.threshold is None else scores >= serving.threshold
    return Decisions(ok=ok, scores=scores, reasons=reasons, variant=variant, decision=decision)


def assign(requests: Requests, serving: Serving) -> NDArray[np.intp]:
    """Position of the variant that answers each row: by entity, else by request_id; sticky, and equal on replay."""
    keys = requests.request_id if len(serving.variants) == 1 else pc.coalesce(requests.entity, requests.request_id)
    return route(serving.model, keys, [served.variant for served in serving.variants])


def _rows(variant: NDArray[np.intp], index: int, reasons: Mapping[int, str]) -> NDArray[np.intp]:
    mask = variant == index
    mask[list(reasons)] = False
    return np.flatnonzero(mask)


def _score(
    requests: Requests, served: ServedVariant, rows: NDArray[np.intp], scores: NDArray[np.float64]
) -> dict[int, str]:
    """Put one variant's scores where they belong; the rows that its model failed on, with the reason."""
    columns: Mapping[str, pa.Array] = requests.features
    if len(rows) < requests.n:
        columns = {name: column.take(pa.array(rows)) for name, column in requests.features.items()}
    scores[rows], failures = served.predictor.score_rows(columns, len(rows))
    return {int(rows[row]): reason for row, reason in failures.items()}
