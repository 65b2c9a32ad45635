"""The documents of a batch job. Each is written once, as JSON, under jobs/<job>/ beside the bundles.

plan.json             what is to be scored, by which version, in which parts
rounds/<n>.json       the parts were asked for once more, with the input as it was then (round 0 is the plan itself)
sent/<n>.json         the tasks of a round are all in Kafka
parts/<n>.json        a part is done: its rows, its output
begun/<r>/<n>/<life>   in this round a worker's process began with the part; where nothing followed, it ended with it
failures/<r>/<n>.json in this round the part could not be done, and why
cancelled.json        nobody goes on with it
manifest.json         the job is done; without it its output does not count
"""

from typing import Literal

import msgspec

State = Literal["running", "done", "failed", "cancelled"]


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What they share."""

    def encode(self) -> bytes:
        """The bytes that are stored."""
        return msgspec.json.encode(self, order="deterministic")


class Source(_Document, frozen=True, kw_only=True):
    """A file or query that rows come from; mark changes when its contents do."""

    name: str
    size: int = 0
    mark: str = ""


class Part(_Document, frozen=True, kw_only=True):
    """Some rows of one source: `rows` of them from row `first` on (from 0), at bytes or keys [start, end)."""

    number: int
    source: int
    first: int
    rows: int
    start: int | str = 0
    end: int | str = 0


class Plan(_Document, frozen=True, kw_only=True):
    """A whole job. columns: feature -> column of the input; content: the digest of all that decides the output."""

    job: str
    content: str
    model: str
    version: str
    digest: str
    release: str = ""
    threshold: float | None = None
    format: str
    input: str
    key: str = ""
    columns: dict[str, str]
    output: str
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    rows_per_part: int
    actor: str
    submitted_at: str

    @property
    def rows(self) -> int:
        """Rows of the whole input."""
        return sum(part.rows for part in self.parts)


class Round(_Document, frozen=True, kw_only=True):
    """Parts that are not done are asked for again; the input may have been mended meanwhile."""

    sources: tuple[Source, ...]
    actor: str
    at: str


class Written(_Document, frozen=True, kw_only=True):
    """An output that is there: an object's name, size and sha256, or a place in a table or topic."""

    name: str
    size: int = 0
    sha256: str = ""


class Receipt(_Document, frozen=True, kw_only=True):
    """A part is done. rejected is where its rejected rows are, if it has any."""

    part: int
    rows_in: int
    rows_scored: int
    rows_rejected: int
    output: Written | None = None
    rejected: Written | None = None
    worker: str
    seconds: float


class Failure(_Document, frozen=True, kw_only=True):
    """A part could not be done."""

    part: int
    reason: str
    worker: str


class Ended(_Document, frozen=True, kw_only=True):
    """Somebody cancelled the job."""

    actor: str
    at: str


class Manifest(_Document, frozen=True, kw_only=True):
    """A finished job: every row and every output, with digests."""

    job: str
    model: str
    version: str
    digest: str
    release: str = ""
    threshold: float | None = None
    input: str
    output: str
    rows_in: int
    rows_scored: int
    rows_rejected: int
    parts: tuple[Receipt, ...]
    submitted_at: str
    finished_at: str
    seconds: float


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What travels on the topic of tasks; with a receipt the part is done, and only the receipt is to be stored."""

    job: str
    part: int
    round: int = 0
    receipt: Receipt | None = None
