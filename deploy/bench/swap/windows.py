"""What the answers around each release say: how long they took, since when all are new, and which are wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.bench import models
from deploy.bench.errors import BenchFailed
from deploy.bench.site import Site
from deploy.bench.swap.case import VALUES, VERSIONS, Swapped
from headrace import bundle, topics
from headrace.wire.answer import read_schema
from headrace.wire.avro_decode import ColumnDecoder

# A swap is never looked at for less than this: what it left behind may show in the first batches after it.
LEAST_S = 1.0
# As long before and after it.
BESIDE_S = 3.0
# The mark of Avro single-object encoding and the fingerprint of the schema.
HEADER_BYTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Columns in the order of the requests; release is the place of each one's release in the chain."""

    number: NDArray[np.int64]
    version: NDArray[np.object_]
    release: NDArray[np.int64]
    score: NDArray[np.float64]
    partition: NDArray[np.int64]
    offset: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Latencies (ms) before, during and after one release, and seconds until every partition was answered with it."""

    before: NDArray[np.float64]
    during: NDArray[np.float64]
    after: NDArray[np.float64]
    taken_s: float


def decoded(site: Site, found: Swapped) -> Answers:
    """Read the answers that the load brought back."""
    values = found.answered.values
    read = ColumnDecoder(read_schema(topics.schemas_folder() / "avro")).decode(values, HEADER_BYTES)
    if read.bad:
        raise BenchFailed(f"{len(read.bad)} answers cannot be read: {next(iter(read.bad.values()))}")
    columns = read.columns
    if rejected := columns["status"].to_pylist().count("rejected"):
        raise BenchFailed(f"{rejected} requests were rejected: {columns['reason'].drop_null()[0]}")
    places = {release: place for place, release in enumerate(site.releases)}
    return Answers(
        number=np.arange(len(values)),
        version=np.array(columns["version"].to_pylist(), object),
        release=np.array([places.get(one, -1) for one in columns["release"].to_pylist()]),
        score=np.array([one[0] for one in columns["scores"].to_pylist()]),
        partition=columns["source_partition"].to_numpy(),
        offset=columns["source_offset"].to_numpy(),
    )


def windows(site: Site, found: Swapped, answers: Answers) -> list[Window]:
    """One for each release that was sent."""
    first = len(site.releases) - len(found.approved)
    return [_window(found, answers, first + index, moment) for index, moment in enumerate(found.approved)]


def _window(found: Swapped, answers: Answers, release: int, approved: float) -> Window:
    at, due, latency = found.answered.at, found.answered.due, found.answered.latency_ms
    new = answers.release >= release
    firsts = [float(at[new & (answers.partition == p)].min(initial=np.inf)) for p in np.unique(answers.partition)]
    swapped = max(firsts)
    if not np.isfinite(swapped):
        raise BenchFailed("not every partition was answered with a release before the load ended")
    # A request is touched by the swap when any of the time that it waited for its answer was.
    end = max(swapped, approved + LEAST_S)
    during = (at >= approved) & (due <= end)
    return Window(
        before=latency[(due >= approved - BESIDE_S) & (at < approved)],
        during=latency[during],
        after=latency[(due > end) & (due <= end + BESIDE_S)],
        taken_s=swapped - approved,
    )


def expected(site: Site) -> Mapping[str, NDArray[np.float64]]:
    """The score that each version gives each of the requests."""
    rows = models.requests(site.model, site.features, VALUES)[1]
    columns = models.columns_of(site.features, rows)
    found = {}
    for version in VERSIONS:
        digest = site.registry.digest(site.model, version)
        folder = site.registry.fetch_bundle(site.model, version, digest, site.folder / "checking")
        found[version] = bundle.load(folder, digest).predictor.scores(columns, VALUES)
    return found


def wrong(site: Site, answers: Answers, scores: Mapping[str, NDArray[np.float64]], versions: Sequence[str]) -> int:
    """Answers with another score than their version gives, another version than their release names, or out of order.

    versions: what each release of the chain names. Within a partition no answer may be of an older release than one
    before it.
    """
    right = answers.release >= 0
    for version, known in scores.items():
        of_it = answers.version == version
        right &= ~of_it | (answers.score == known[answers.number % VALUES])
    right &= np.array([version in scores for version in answers.version])
    right &= answers.version == np.array(versions, object)[answers.release]
    for partition in np.unique(answers.partition):
        places = np.flatnonzero(answers.partition == partition)
        order = places[np.argsort(answers.offset[places], kind="stable")]
        right[order] &= answers.release[order] == np.maximum.accumulate(answers.release[order])
    return int((~right).sum())
